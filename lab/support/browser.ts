/** As much of a web browser as the app's forms need: cookies, and the token that guards a form. */
export class Browser {
  private readonly cookies = new Map<string, string>();
  private readonly origin: string;

  /** @param origin `https://ADDRESS` */
  constructor(origin: string) {
    this.origin = origin;
  }

  /** Requests a page, a form sent if given; redirects are left to the caller. */
  async request(path: string, form?: Record<string, string>): Promise<Response> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const url = `${this.origin}${path}`;
    const response = await fetch(url, {
      method: form ? "POST" : "GET",
      // Where the page is HTTPS, Flask-WTF takes forms from pages of the same site only.
      headers: { cookie, referer: url },
      ...(form ? { body: new URLSearchParams(form) } : {}),
      redirect: "manual",
      signal: AbortSignal.timeout(30_000),
    });
    for (const line of response.headers.getSetCookie()) {
      const [name = "", value = ""] = line.split(";")[0]!.split("=");
      this.cookies.set(name, value);
    }
    return response;
  }

  /** Opens the page of a form and sends it filled in, with its csrf_token. */
  async submit(path: string, fields: Record<string, string>): Promise<Response> {
    const page = await (await this.request(path)).text();
    const input = /<input[^>]*name="csrf_token"[^>]*>/.exec(page)?.[0] ?? "";
    const token = /value="([^"]*)"/.exec(input)?.[1];
    if (!token) throw new Error(`${path} has no form with a csrf_token:\n${page.slice(0, 2000)}`);
    return this.request(path, { ...fields, csrf_token: token });
  }
}
