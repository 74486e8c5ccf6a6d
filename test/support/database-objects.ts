/** What mysql answers the user for backups, as patterns of bash's `case`; scripts/objects.sh asks. */
export const readerAnswers = {
  "SHOW?GRANTS": String.raw`GRANT SELECT ON *.* TO ?app_backup?
GRANT SHOW VIEW, EVENT, TRIGGER ON ?appdb?.* TO ?app_backup?`.replaceAll("?", "`"),
  "SHOW?GLOBAL*partial_revokes*": "partial_revokes\tON",
};

/** The pattern of the statement that lists the objects of a schema. */
export const listOf = (schema: string) => `SELECT?IF?ON_COMPLETION*TABLE_SCHEMA?=??${schema}?`;

/** A view, a trigger, a procedure and two events, as mysqldump prints them for a user who sees everything. */
export const objects = String.raw`-- MariaDB dump 10.19, for debian-linux-gnu
DELIMITER ;;
/*!50003 CREATE*/ /*!50017 DEFINER=?dbadmin?@?%?*/ /*!50003 TRIGGER ?seen? AFTER UPDATE ON ?users? FOR EACH ROW BEGIN
INSERT INTO ?users? VALUES (4);
END */;;
CREATE DEFINER=?dbadmin?@?%? PROCEDURE ?tidy?()
SELECT 'ON COMPLETION PRESERVE ENABLE' ;;
/*!50106 CREATE*/ /*!50117 DEFINER=?app_a?@?%?*/ /*!50106 EVENT ?nightly? ON SCHEDULE EVERY 1 DAY ON COMPLETION NOT PRESERVE ENABLE DO CALL tidy() */ ;;
/*!50106 CREATE*/ /*!50117 DEFINER=?app_a?@?%?*/ /*!50106 EVENT ?once? ON SCHEDULE AT '2027-01-01 00:00:00' ON COMPLETION NOT PRESERVE ENABLE DO CALL tidy() */ ;;
/*!50001 CREATE ALGORITHM=UNDEFINED */
/*!50013 DEFINER=?app_a?@?%? SQL SECURITY DEFINER */
/*!50001 VIEW ?names? AS select 1 AS ?x? */;
-- Dump completed on 2026-01-02  3:04:06
`.replaceAll("?", "`");

/** As scripts/objects.sh lists them. */
export const listed =
  "event\tnightly\nevent once\tonce\nprocedure\ttidy\ntrigger\tseen\nview\tnames";
