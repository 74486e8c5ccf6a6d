/** The page at the root of the site: what the machine last wrote to status.json. */
export function indexPage(title: string): string {
  return page(
    title,
    `      <p id="state" role="status">Reading <a href="status.json">status.json</a> …</p>
      <dl id="facts" hidden>
        <dt>App</dt>
        <dd><a data-of="app"></a></dd>
        <dt>Release</dt>
        <dd><span data-of="release"></span>, <time data-of="deployed"></time></dd>
        <dt>Commit</dt>
        <dd><code data-of="commit"></code></dd>
        <dt>Last verified backup</dt>
        <dd><time data-of="backup"></time></dd>
        <dt>Last restore drill</dt>
        <dd><time data-of="drill"></time></dd>
        <dt>Download</dt>
        <dd><a data-of="download"></a></dd>
      </dl>
      <script>
        const show = (status) => {
          for (const element of document.querySelectorAll("[data-of]")) {
            const value = status[element.dataset.of];
            element.textContent = value ?? "none yet";
            if (!value) continue;
            if (element.matches("a")) element.href = value;
            if (element.matches("time")) element.dateTime = value;
          }
          state.textContent = status.failedSince
            ? "Backups have failed since " + status.failedSince + "."
            : "All is well.";
          state.className = status.failedSince ? "bad" : "";
          facts.hidden = false;
        };
        fetch("status.json", { cache: "no-store" })
          .then((answer) => (answer.ok ? answer.json() : Promise.reject(answer.status)))
          .then(show)
          .catch(() => (state.textContent = "Nothing has been deployed here yet."));
      </script>`,
  );
}

/** The page for a path that is not there. */
export function errorPage(title: string): string {
  return page(title, `      <p>There is no such page. <a href="/">${title}</a></p>`);
}

function page(title: string, content: string): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>${title}</title>
    <style>
      :root { --ink: #1b1b1f; --paper: #fdfcff; --quiet: #5a5d67; --link: #0b57b0; --bad: #a3161b; }
      @media (prefers-color-scheme: dark) {
        :root { --ink: #e6e3ea; --paper: #17171b; --quiet: #a9adb9; --link: #9cc4ff; --bad: #ff9c96; }
      }
      body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.6 system-ui, sans-serif; }
      main { max-width: 40rem; margin: 0 auto; padding: 2rem 1rem; overflow-wrap: anywhere; }
      h1 { font-size: 1.6rem; line-height: 1.2; }
      dl { display: grid; grid-template-columns: minmax(6rem, 11rem) 1fr; gap: 0.4rem 1rem; }
      dt { color: var(--quiet); }
      dd { margin: 0; }
      a { color: var(--link); }
      .bad { color: var(--bad); font-weight: 600; }
    </style>
  </head>
  <body>
    <main>
      <h1>${title}</h1>
${content}
    </main>
  </body>
</html>
`;
}
