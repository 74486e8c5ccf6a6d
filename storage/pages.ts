const style = `      :root { --ink: #1b1b1f; --paper: #fdfcff; --quiet: #5a5d67; --line: #d9d8df; --link: #0b57b0; --good: #1c6b32; --bad: #a3161b; }
      @media (prefers-color-scheme: dark) {
        :root { --ink: #e6e3ea; --paper: #17171b; --quiet: #a9adb9; --line: #3a3a42; --link: #9cc4ff; --good: #8fd8a0; --bad: #ff9c96; }
      }
      body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
      main { max-width: 44rem; margin: 0 auto; padding: 2rem 1rem; overflow-wrap: anywhere; }
      h1 { margin: 0 0 1rem; font-size: 1.6rem; line-height: 1.2; }
      #state { margin: 0; padding: 0.6rem 1rem; border-left: 0.3rem solid var(--line); }
      #state.good { border-color: var(--good); color: var(--good); font-weight: 600; }
      #state.bad { border-color: var(--bad); color: var(--bad); font-weight: 600; }
      dl { margin: 1rem 0 0; }
      dt { padding-top: 0.6rem; border-top: 1px solid var(--line); color: var(--quiet); }
      dd { margin: 0; padding-bottom: 0.6rem; }
      @media (min-width: 40rem) {
        dl:not([hidden]) { display: grid; grid-template-columns: 12rem 1fr; }
        dd { padding-top: 0.6rem; border-top: 1px solid var(--line); }
      }
      a { color: var(--link); }
      .none { color: var(--quiet); }`;

/** The page at the root of the site: what the machine last wrote to status.json. */
export function indexPage(title: string): string {
  return htmlPage(
    title,
    style,
    `      <p id="state" role="status">Reading <a href="status.json">status.json</a> …</p>
      <dl id="facts" hidden>
        <dt>App</dt>
        <dd><a data-of="app"></a></dd>
        <dt>Release</dt>
        <dd data-of="release"></dd>
        <dt>Deployed</dt>
        <dd><time data-of="deployed"></time></dd>
        <dt>Commit</dt>
        <dd><code data-of="commit"></code></dd>
        <dt>Last verified backup</dt>
        <dd><time data-of="backup"></time></dd>
        <dt>Last restore test</dt>
        <dd><time data-of="restoreTest"></time></dd>
        <dt>Download</dt>
        <dd><a data-of="download" data-none="not published"></a></dd>
      </dl>
      <script>
        const inWords = (time) => time.replace("T", " ").replace("Z", " UTC");
        const show = (status) => {
          for (const element of document.querySelectorAll("[data-of]")) {
            const value = status[element.dataset.of];
            element.textContent = value || element.dataset.none || "none yet";
            if (!value) element.className = "none";
            else if (element.matches("a")) element.href = value;
            else if (element.matches("time")) {
              element.dateTime = value;
              element.textContent = inWords(value);
            }
          }
          const { failedSince } = status;
          state.textContent = failedSince
            ? "Backups have failed since " + inWords(failedSince) + "."
            : "All is well.";
          state.className = failedSince ? "bad" : "good";
          facts.hidden = false;
        };
        fetch("status.json", { cache: "no-store" })
          .then((answer) => (answer.ok ? answer.json() : Promise.reject(answer.status)))
          .then(show)
          .catch((reason) => {
            state.textContent = [403, 404].includes(reason)
              ? "Nothing has been deployed here yet."
              : "status.json cannot be read.";
          });
      </script>`,
  );
}

/** The page for a path that is not there. */
export function errorPage(title: string): string {
  return htmlPage(title, style, `      <p>There is no such page. <a href="/">${title}</a></p>`);
}

/** An HTML page in light and dark: style and content are HTML, the title is text without `<` and `&`. */
export function htmlPage(title: string, style: string, content: string): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>${title}</title>
    <style>
${style}
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
