/** When those who depend on a model hear of its end. Pure. */

/** Days before the sunset, the earliest first. */
export const sunsetNotices = [30, 7, 1] as const

const dayMs = 86_400_000

/**
 * The notice whose time it is: the latest that has been reached, so that a process that was down sends one, not three.
 * @param sunsetAt YYYY-MM-DD, the first day without the model
 * @returns undefined while the end is far, and once it has come
 */
export function sunsetNotice(sunsetAt: string | undefined, now: Date): (typeof sunsetNotices)[number] | undefined {
  if (sunsetAt === undefined) return undefined
  const left = (Date.parse(sunsetAt) - Date.parse(now.toISOString().slice(0, 10))) / dayMs
  return left <= 0 ? undefined : sunsetNotices.findLast((days) => left <= days)
}
