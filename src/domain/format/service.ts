/** The formats of a workspace: the built-in ones, and its own, which go before a built-in one of the same id. */
import { deleteFormat, listFormats, putFormat } from '#src/database/formats.ts'
import { invalid, notFound, ServiceError, type Fault } from '#src/errors.ts'
import type { Scope } from '../scope.ts'
import { builtInFormats, formatSchema, type Format } from './rules.ts'

export type FormatResource = Format & { readonly object: 'format'; readonly built_in: boolean }

const present = (format: Format, builtIn: boolean): FormatResource => ({ ...format, object: 'format', built_in: builtIn })

/** What the shape of a format cannot say. */
function formatFaults({ width, height, safe_zone_px: zone, seconds, video_kbps: kbps }: Format): Fault[] {
  const faults: (Fault | false)[] = [
    zone.left + zone.right >= width * 0.9 && fault('/safe_zone_px', `Left and right leave no room in ${width} px.`),
    zone.top + zone.bottom >= height * 0.9 && fault('/safe_zone_px', `Top and bottom leave no room in ${height} px.`),
    seconds !== null && seconds.min > seconds.max && fault('/seconds', 'min is greater than max.'),
    kbps !== null && (kbps.min ?? 0) > (kbps.max ?? Infinity) && fault('/video_kbps', 'min is greater than max.'),
  ]
  return faults.filter((f) => f !== false)
}

const fault = (pointer: string, message: string): Fault => ({ pointer, code: 'contradiction', message })

export function createFormats() {
  async function own(scope: Scope): Promise<Format[]> {
    const rows = await listFormats(scope.db, scope.workspaceId)
    return rows.map((row) => formatSchema.parse(row.spec))
  }

  /** Every format by id, as templates and plans see them. */
  async function all(scope: Scope): Promise<ReadonlyMap<string, Format>> {
    const mine = await own(scope)
    return new Map([...builtInFormats, ...mine.map((format): [string, Format] => [format.id, format])])
  }

  return {
    all,

    async list(scope: Scope): Promise<FormatResource[]> {
      const mine = new Set((await own(scope)).map((format) => format.id))
      return [...(await all(scope)).values()].map((format) => present(format, !mine.has(format.id)))
    },

    /** @throws not_found */
    async get(scope: Scope, id: string): Promise<FormatResource> {
      const mine = (await own(scope)).find((format) => format.id === id)
      const format = mine ?? builtInFormats.get(id)
      if (!format) throw notFound('format', id)
      return present(format, !mine)
    },

    /** Adds a format, or replaces one; plans that were made keep the one they copied. @throws invalid */
    async create(scope: Scope, format: Format): Promise<FormatResource> {
      const faults = formatFaults(format)
      if (faults.length > 0) throw invalid(faults)
      await putFormat(scope.db, { workspace_id: scope.workspaceId, id: format.id, spec: format })
      return present(format, false)
    },

    /** @throws not_found; conflict for a built-in one */
    async delete(scope: Scope, id: string): Promise<void> {
      if (await deleteFormat(scope.db, scope.workspaceId, id)) return
      if (builtInFormats.has(id)) throw new ServiceError('conflict', `"${id}" is built in and cannot be deleted.`)
      throw notFound('format', id)
    },
  }
}

export type Formats = ReturnType<typeof createFormats>
