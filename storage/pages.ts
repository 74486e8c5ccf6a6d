/** HTML pages from the files in site/. What `{{name}}` in a file stands for is filled in here. */
import { readFileSync } from "node:fs";

/** The page at the root of the site: what the machine last wrote to status.json. */
export function indexPage(title: string): string {
  return sitePage("index.html", title);
}

/** The page for a path that is not there. */
export function errorPage(title: string): string {
  return sitePage("error.html", title);
}

function sitePage(content: string, title: string): string {
  return htmlPage(title, read("style.css"), filled(indented(read(content)), { title }));
}

/** An HTML page in light and dark: style is CSS and content HTML, the title is text without `<` and `&`. */
export function htmlPage(title: string, style: string, content: string): string {
  return `${filled(read("page.html"), { title, style: indented(style), content })}\n`;
}

function read(file: string): string {
  return readFileSync(new URL(`site/${file}`, import.meta.url), "utf8").trimEnd();
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, " ".repeat(6));
}

function filled(text: string, values: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => values[name]!);
}
