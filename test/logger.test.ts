import { createLogger } from '#src/logger.ts'
import { expect, test } from 'vitest'

function logged(write: (logger: ReturnType<typeof createLogger>) => void): string {
  const lines: string[] = []
  write(createLogger({ level: 'info', stream: { write: (line) => void lines.push(line) } }))
  return lines.join('')
}

test('an event is one JSON line with its time, severity and fields', () => {
  const line = logged((logger) => logger.child({ campaign_id: 'cmp_1' }).info({ ms: 3 }, 'variant.composed'))
  expect(JSON.parse(line)).toMatchObject({
    level: 'info',
    campaign_id: 'cmp_1',
    ms: 3,
    msg: 'variant.composed',
    time: expect.any(String),
  })
})

test('what is less severe than the level is not logged', () => {
  expect(logged((logger) => logger.debug('detail'))).toBe('')
})

test('secrets and personal values are cut out at every depth that is logged', () => {
  const secret = 'TOP-SECRET'
  const fields = {
    authorization: secret,
    req: { headers: { authorization: secret, 'x-api-key': secret } },
    segment: { attributes: { name: secret } },
  }
  const line = logged((logger) =>
    logger.info({ ...fields, endpoint: { secret }, body: secret, a: { b: { token: secret } } }, 'x'),
  )
  expect(line).toContain('[hidden]')
  expect(line).not.toContain(secret)
})

test('errors keep their causes, and database errors lose the values that they quote', () => {
  const detail = { severity: 'ERROR', detail: 'Key (name)=(Ada Lovelace) exists', where: 'row Ada Lovelace' }
  const cause = Object.assign(new Error('invalid input syntax for type integer: "Ada Lovelace"'), { code: '22P02', ...detail })
  const line = logged((logger) => logger.error({ err: new Error('import failed', { cause }) }, 'x'))
  expect(line).not.toContain('Ada')
  expect(JSON.parse(line).err).toMatchObject({
    message: 'import failed',
    cause: { code: '22P02', message: expect.stringContaining('invalid input') },
  })
})
