// Lists that lie beside the page.

/** The JSON at `url`, or `otherwise` where there is none: a server may answer with a page instead. */
export async function fetchJson<T>(url: URL, otherwise: T): Promise<T> {
  try {
    const response = await fetch(url, { cache: 'no-cache' });
    return response.ok ? ((await response.json()) as T) : otherwise;
  } catch {
    return otherwise;
  }
}
