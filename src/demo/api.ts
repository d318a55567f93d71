/** The public HTTP API as the demo uses it: fetch, a key, and problem documents turned into errors. */
export interface Api {
  get<T>(path: string): Promise<T>
  post<T>(path: string, body: unknown): Promise<T>
  put<T>(path: string, body: string, contentType: string): Promise<T>
  upload<T>(path: string, fileName: string, bytes: Uint8Array<ArrayBuffer>): Promise<T>
}

interface ProblemDocument {
  readonly title: string
  readonly detail: string
  readonly errors?: readonly { readonly pointer: string; readonly message: string }[]
}

async function read<T>(answer: Response): Promise<T> {
  if (answer.ok) return (await answer.json()) as T
  const problem = (await answer.json().catch(() => ({ title: answer.statusText, detail: '' }))) as ProblemDocument
  const faults = (problem.errors ?? []).map(({ pointer, message }) => `\n  ${pointer}: ${message}`).join('')
  throw new Error(`${problem.title}. ${problem.detail}${faults}`)
}

export function createApi(url: string, apiKey: string): Api {
  const headers = { authorization: `Bearer ${apiKey}` }
  const call = async <T>(method: string, path: string, body?: string | FormData, contentType?: string): Promise<T> =>
    await read<T>(
      await fetch(url + path, {
        method,
        headers: {
          ...headers,
          ...(contentType ? { 'content-type': contentType } : {}),
          ...(method === 'POST' ? { 'idempotency-key': crypto.randomUUID() } : {}),
        },
        ...(body === undefined ? {} : { body }),
      }),
    )
  return {
    get: (path) => call('GET', path),
    post: (path, body) => call('POST', path, JSON.stringify(body), 'application/json'),
    put: (path, body, contentType) => call('PUT', path, body, contentType),
    upload: (path, fileName, bytes) => {
      const form = new FormData()
      form.append('file', new Blob([bytes]), fileName)
      return call('POST', path, form)
    },
  }
}
