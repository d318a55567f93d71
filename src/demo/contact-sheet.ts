/** index.html: every video of the campaign on one page, playing where the pointer is. No outside requests. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { SavedRendition } from './files.ts'

const escape = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
const address = (path: string) => path.split(/[/\\]/).map(encodeURIComponent).join('/')

const style = `
:root { color-scheme: light dark; --ink: #1b1714; --soft: #7a706a; --paper: #faf7f4; --card: #ffffff; --line: #e8e1db; --accent: #e0531f }
@media (prefers-color-scheme: dark) { :root { --ink: #f5efe9; --soft: #a79b92; --paper: #14110f; --card: #1e1a17; --line: #332c27; --accent: #ff8a5c } }
* { box-sizing: border-box }
body { margin: 0; padding: 48px clamp(16px, 4vw, 64px); font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper) }
h1 { margin: 0 0 4px; font-size: 28px; letter-spacing: -.02em }
header p { margin: 0 0 36px; color: var(--soft) }
main { display: grid; gap: 28px; grid-template-columns: repeat(auto-fill, minmax(min(100%, 520px), 1fr)) }
section { padding: 18px; border: 1px solid var(--line); border-radius: 16px; background: var(--card) }
h2 { display: flex; gap: 10px; align-items: baseline; margin: 0 0 14px; font-size: 16px }
h2 span { padding: 1px 8px; border-radius: 99px; font-size: 12px; font-weight: 500; color: var(--accent); border: 1px solid currentColor }
.row { display: flex; gap: 12px; align-items: flex-end }
figure { margin: 0; min-width: 0 }
video { display: block; width: 100%; aspect-ratio: var(--ratio); border-radius: 10px; background: #000; cursor: pointer }
figcaption { margin-top: 6px; font-size: 12px; color: var(--soft); white-space: nowrap; overflow: hidden; text-overflow: ellipsis }
figcaption a { color: inherit }
`

const script = `
for (const video of document.querySelectorAll('video')) {
  video.addEventListener('pointerenter', () => { video.muted = true; video.play() })
  video.addEventListener('pointerleave', () => { if (video.muted) video.pause() })
  video.addEventListener('click', () => { video.muted = !video.muted; video.play() })
}`

const figure = (r: SavedRendition) => `
      <figure style="--ratio:${r.width}/${r.height};flex:${(r.width / r.height).toFixed(3)} 1 0">
        <video src="${address(r.video)}" poster="${address(r.poster)}" preload="none" loop playsinline></video>
        <figcaption><a href="${address(r.video)}">${escape(r.format)}</a> · ${r.seconds.toFixed(1)} s · ${(r.bytes / 1e6).toFixed(1)} MB</figcaption>
      </figure>`

const card = (key: string, renditions: readonly SavedRendition[]) => `
    <section>
      <h2>${escape(key)} <span lang="${escape(renditions[0]!.locale)}">${escape(renditions[0]!.locale)}</span></h2>
      <div class="row">${renditions.map(figure).join('')}
      </div>
    </section>`

export async function writeContactSheet(
  output: string,
  title: string,
  summary: string,
  renditions: readonly SavedRendition[],
): Promise<string> {
  const bySegment = Map.groupBy(renditions, ({ segment_key }) => segment_key)
  const html = `<!doctype html>
<html lang="en">
  <head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escape(title)}</title><style>${style}</style></head>
  <body>
    <header><h1>${escape(title)}</h1><p>${escape(summary)}. Point at a video to play it, click for sound.</p></header>
    <main>${[...bySegment].map(([key, rows]) => card(key, rows)).join('')}
    </main>
    <script>${script}</script>
  </body>
</html>
`
  const path = join(output, 'index.html')
  await writeFile(path, html)
  return path
}
