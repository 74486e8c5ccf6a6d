/** The page at the root of the site. */
export function indexPage(title: string): string {
  return page(title, "This environment is built by its Pulumi program.");
}

/** The page for a path that is not there. */
export function errorPage(title: string): string {
  return page(title, "There is no such page.");
}

function page(title: string, text: string): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>${title}</title>
  </head>
  <body>
    <main>
      <h1>${title}</h1>
      <p>${text}</p>
    </main>
  </body>
</html>
`;
}
