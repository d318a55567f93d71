/** Short excerpts of what a vendor said, fit to be stored and shown: no keys, no signed addresses. */
const longest = 500

/** @param secrets values that must not appear, such as the API key */
export function redact(text: string, secrets: readonly string[]): string {
  const hidden = secrets
    .filter((secret) => secret.length > 3)
    .reduce((rest, secret) => rest.replaceAll(secret, '[redacted]'), text)
  return hidden
    .replaceAll(/(https?:\/\/[^\s"'<>?#]+)[?#][^\s"'<>]*/g, '$1?[redacted]')
    .replaceAll(/\b(?:sk|key|spk)[-_][\w-]{16,}/g, '[redacted]')
    .replaceAll(/\bBearer\s+[\w.~+/-]+=*/gi, 'Bearer [redacted]')
    .replaceAll(/\p{Cc}+/gu, ' ')
    .slice(0, longest)
    .toWellFormed()
}
