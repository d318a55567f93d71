/** The media type that a file name implies. The folder store writes a type down only where the name does not say it. */
const byExtension: Readonly<Record<string, string>> = {
  mp4: 'video/mp4',
  mov: 'video/quicktime',
  webm: 'video/webm',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  png: 'image/png',
  webp: 'image/webp',
  woff2: 'font/woff2',
  ttf: 'font/ttf',
  otf: 'font/otf',
  mp3: 'audio/mpeg',
  wav: 'audio/wav',
  m4a: 'audio/mp4',
  json: 'application/json',
}

export const unknownMediaType = 'application/octet-stream'

export const mediaTypeOf = (key: string): string => byExtension[/\.([a-z0-9]+)$/.exec(key)?.[1] ?? ''] ?? unknownMediaType
