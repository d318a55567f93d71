/** Debian's Chromium, and what every page of the console is checked for. */
import axe from 'axe-core'
import { existsSync } from 'node:fs'
import { type Browser, chromium, type Page } from 'playwright-core'

const executablePath = '/usr/bin/chromium'
/** Without the browser these tests are left out by name; CI installs it. */
export const hasBrowser = existsSync(executablePath)

export async function startBrowser(): Promise<Browser> {
  if (!hasBrowser) throw new Error('Chromium is missing: apt-get install chromium')
  return await chromium.launch({ executablePath, args: ['--no-sandbox', '--autoplay-policy=no-user-gesture-required'] })
}

/** Everything that went wrong in a page: console errors, exceptions, requests without an answer or with a bad one. */
export function watch(page: Page): string[] {
  const faults: string[] = []
  page.on('console', (message) => message.type() === 'error' && faults.push(`console: ${message.text()}`))
  page.on('pageerror', (error) => faults.push(`exception: ${error.message}`))
  page.on('requestfailed', (request) => {
    const reason = request.failure()?.errorText ?? ''
    // A video that is scrolled away, or a page that is left, ends its requests.
    if (!reason.includes('ERR_ABORTED')) faults.push(`request: ${request.url()} ${reason}`)
  })
  return faults
}

/** One line for each violation. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source)
  const result = await page.evaluate(async () => {
    const { axe: run } = globalThis as unknown as {
      axe: { run: () => Promise<{ violations: { id: string; nodes: { target: unknown; failureSummary?: string }[] }[] }> }
    }
    return (await run.run()).violations
  })
  return result.map(
    ({ id, nodes }) =>
      `${id}: ${nodes
        .slice(0, 3)
        .map((node) => `${JSON.stringify(node.target)} ${node.failureSummary ?? ''}`)
        .join(' | ')}`,
  )
}

/** Text that is cut without an ellipsis, runs out of the page, or lies on other text. */
export async function misplaced(page: Page): Promise<string[]> {
  return await page.evaluate(() => {
    const found: string[] = []
    // What lies behind a full-screen dialog is not seen.
    const shown = document.querySelector('[aria-modal="true"]') ?? document.body
    const width = document.documentElement.clientWidth
    const isScrolled = (element: Element) =>
      element.closest('.table, .tabs, nav, .code, pre, .sheet, .review aside, .toasts, .hidden-label') !== null
    if (document.documentElement.scrollWidth > width + 1)
      found.push(`the page is ${document.documentElement.scrollWidth} px wide in a window of ${width}`)
    const boxes: { text: string; rect: DOMRect; element: Element }[] = []
    const walker = document.createTreeWalker(shown, NodeFilter.SHOW_TEXT)
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const text = node.textContent?.trim() ?? ''
      const element = node.parentElement
      if (!text || !element || isScrolled(element) || !element.checkVisibility() || element.closest('script, style, option'))
        continue
      const range = document.createRange()
      range.selectNodeContents(node)
      const cut = element.closest('.cut')
      const rect = cut ? cut.getBoundingClientRect() : range.getBoundingClientRect()
      if (rect.width === 0 || rect.height === 0) continue
      if (rect.right > width + 1 || rect.left < -1) found.push(`outside: ${text.slice(0, 40)}`)
      boxes.push({ text, rect, element })
    }
    for (const [at, one] of boxes.entries()) {
      for (const other of boxes.slice(at + 1)) {
        if (one.element.contains(other.element) || other.element.contains(one.element)) continue
        const x = Math.min(one.rect.right, other.rect.right) - Math.max(one.rect.left, other.rect.left)
        const y = Math.min(one.rect.bottom, other.rect.bottom) - Math.max(one.rect.top, other.rect.top)
        if (x > 4 && y > 6) found.push(`overlap: "${one.text.slice(0, 30)}" and "${other.text.slice(0, 30)}"`)
      }
    }
    return found
  })
}
