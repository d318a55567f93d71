/** The console in a real browser: the whole journey, review by keyboard, and every screen looked at. */
import { hasBrowser, misplaced, startBrowser, violations, watch } from '#test/support/browser.ts'
import { createInstallation, type Installation, type Program, until } from '#test/support/program.ts'
import { startReceiver } from '#test/support/receiver.ts'
import { addSmallFormat, smallTemplate } from '#test/support/small-campaign.ts'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const shots = process.env['CONSOLE_SCREENSHOTS']
const longGerman = 'Donaudampfschifffahrtsgesellschaftskapitänsmützenliebhaberinnen-Zielgruppe-Süddeutschland'
const csv = [
  'key,locale,first_name,scene',
  'lena,en-US,Lena,kitchen',
  'tom,en-GB,Tom,train',
  `${longGerman},de-DE,Maximiliane-Friederike,office`,
  'نور-الصباح,ar-AE,نور,kitchen',
  'bad-row,en,Zoe,beach',
].join('\n')

let browser: Browser
let installation: Installation
let program: Program
let receiver: Awaited<ReturnType<typeof startReceiver>>

async function open(
  size = { width: 1440, height: 900 },
  colorScheme: 'light' | 'dark' = 'light',
): Promise<{ page: Page; faults: string[] }> {
  const context = await browser.newContext({ viewport: size, colorScheme, reducedMotion: 'reduce' })
  const page = await context.newPage()
  page.setDefaultTimeout(20_000)
  return { page, faults: watch(page) }
}

async function signIn(page: Page, path = '/console/'): Promise<void> {
  await page.goto(program.url + path)
  await page.getByLabel('API key').fill(installation.apiKey)
  await page.getByLabel('Your name (optional)').fill('Mia')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('navigation', { name: 'Main' }).waitFor()
}

describe.skipIf(!hasBrowser && !process.env['CI'])('the console', () => {
  let campaignId: string

  beforeAll(async () => {
    installation = await createInstallation()
    program = await installation.start()
    browser = await startBrowser()
    receiver = await startReceiver()
    await addSmallFormat(program)
    await program.call('POST', '/v1/webhook-endpoints', { url: receiver.url })
    const template = {
      ...smallTemplate,
      name: 'Aurora espresso',
      overlays: [{ ...smallTemplate.overlays[0], text: 'Good morning {{ first_name }}' }],
    }
    await program.call('POST', '/v1/templates', { template })
  })

  afterAll(async () => {
    await browser?.close()
    await receiver?.close()
    await installation?.close()
  })

  test('a wrong key is refused with a reason', async () => {
    const { page } = await open()
    await page.goto(`${program.url}/console/`)
    await page.getByLabel('API key').fill('spk_wrong')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('unknown or was revoked').waitFor()
    expect(page.url()).not.toContain('spk_')
    await page.context().close()
  })

  test('from a CSV to approved and delivered', async () => {
    const { page, faults } = await open()
    await signIn(page)
    await page.getByRole('link', { name: 'New campaign' }).first().click()
    const option = page.getByLabel('Start from').locator('option', { hasText: 'Aurora espresso' })
    await page.getByLabel('Start from').selectOption({ value: (await option.first().getAttribute('value'))! })
    await page.getByAltText('Preview of small_9x16').waitFor()
    expect(await violations(page)).toEqual([])
    await page.getByRole('button', { name: 'Continue with this template' }).click()
    await page.locator('input[type=file]').setInputFiles({ name: 'autumn.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) })
    await page.getByText('4 of 5 rows accepted').waitFor()
    expect(await violations(page)).toEqual([])
    await page.getByRole('button', { name: 'Continue with 4 segments' }).click()
    await page.getByLabel('Budget (US$)').fill('5')
    expect(await violations(page)).toEqual([])
    await page.getByRole('button', { name: 'Make the plan' }).click()
    const launch = page.getByRole('button', { name: /Launch 4 variants/ })
    await launch.waitFor()
    await page.getByText('Distinct clips').waitFor()
    expect(await violations(page)).toEqual([])
    campaignId = /campaigns\/(cmp_\w+)/.exec(page.url())![1]!
    await launch.click()
    const review = page.getByRole('link', { name: 'Review 4' })
    await review.waitFor({ timeout: 60_000 })
    expect(await violations(page)).toEqual([])

    // One is rejected with a reason, its copy is changed, and it is composed again for free.
    await page.getByRole('link', { name: /^tom/ }).click()
    await page.getByRole('button', { name: 'Reject…' }).click()
    await page.getByLabel('Text').check()
    await page.getByLabel('Note (optional)').fill('Too casual')
    await page.getByRole('button', { name: 'Reject', exact: true }).click()
    await page.getByText('Rejected: Text').waitFor()
    expect(await violations(page)).toEqual([])
    await page.getByLabel('Overlay 1').fill('A very good morning, Tom')
    await page.getByRole('button', { name: 'Recompose · free' }).click()
    await page.getByText('No longer holds').waitFor()
    await page.getByRole('button', { name: 'Approve' }).waitFor({ timeout: 60_000 })

    // The rest by keyboard only.
    await page.goto(`${program.url}/console/campaigns/${campaignId}/review`)
    await page.locator('video[data-current=true][data-started-ms]').waitFor()
    expect(await violations(page)).toEqual([])
    for (let at = 0; at < 4; at++) await page.keyboard.press('a')
    await page.getByText('That was the last one').waitFor()
    await page.keyboard.press('Escape')
    await until(
      async () => receiver.received.filter((event) => event.type === 'variant.ready').length,
      (count) => count === 4,
      30_000,
    )
    await until(
      async () => receiver.received.some((event) => event.type === 'campaign.completed'),
      (completed) => completed,
      30_000,
    )
    await page.getByText('Completed').first().waitFor()
    expect(faults).toEqual([])
    await page.context().close()
  })

  test('every screen: no violation, nothing overlaps, at 1440 and 390 px, in light and dark', async () => {
    const variants = await program.call<{ data: { id: string; locale: string }[] }>(
      'GET',
      `/v1/variants?campaign_id=${campaignId}`,
    )
    const german = variants.body.data.find((variant) => variant.locale === 'de-DE')!
    const arabic = variants.body.data.find((variant) => variant.locale === 'ar-AE')!
    const screens = {
      campaigns: '/console/',
      'new-campaign': '/console/campaigns/new',
      campaign: `/console/campaigns/${campaignId}`,
      plan: `/console/campaigns/${campaignId}/plan`,
      'variant-german': `/console/variants/${german.id}`,
      'variant-arabic': `/console/variants/${arabic.id}`,
      review: `/console/campaigns/${campaignId}/review`,
      clips: '/console/clips',
      models: '/console/models',
      usage: '/console/usage',
      webhooks: '/console/webhooks',
      keys: '/console/keys',
      audit: '/console/audit',
    }
    if (shots) await mkdir(shots, { recursive: true })
    const problems: string[] = []
    for (const [width, height] of [
      [1440, 900],
      [390, 844],
    ] as const) {
      for (const scheme of ['light', 'dark'] as const) {
        const { page, faults } = await open({ width, height }, scheme)
        await signIn(page)
        for (const [name, path] of Object.entries(screens)) {
          await page.goto(program.url + path)
          await page.waitForLoadState('networkidle')
          await page.locator('.skeleton').first().waitFor({ state: 'detached' })
          const where = `${name} ${width} ${scheme}`
          problems.push(...(await misplaced(page)).map((text) => `${where}: ${text}`))
          problems.push(...(await violations(page)).map((text) => `${where}: ${text}`))
          if (shots) await page.screenshot({ path: join(shots, `${name}-${width}-${scheme}.png`) })
        }
        problems.push(...faults.map((text) => `${width} ${scheme}: ${text}`))
        await page.context().close()
      }
    }
    expect(problems).toEqual([])
  }, 240_000)
})
