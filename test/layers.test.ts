import { importsOf, layerOf, violations } from '#test/support/layers.ts'
import { globSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'

const root = new URL('..', import.meta.url).pathname
const files = globSync(['src/**/*.ts', 'workers/**/*.ts'], { cwd: root }).map((path) => path.replaceAll('\\', '/'))
const read = (path: string) => readFileSync(`${root}/${path}`, 'utf8')

describe('the layers of the architecture', () => {
  test('every file of src and workers keeps to them', () => {
    expect(files.length).toBeGreaterThan(50)
    expect(files.flatMap((path) => violations(path, read(path)))).toEqual([])
  })

  test('only the entries read the environment', () => {
    const readers = files.filter(
      (path) =>
        !/(^|\/)main\.ts$|^src\/client\/examples\//.test(path) &&
        /process\.env\b/.test(read(path).replaceAll(/\/\*[\s\S]*?\*\//g, '')),
    )
    expect(readers).toEqual([])
  })

  test('only tests and the demo write to the console', () => {
    const writers = files.filter((path) => !path.startsWith('src/demo/') && /\bconsole\./.test(read(path)))
    expect(writers).toEqual([])
  })
})

describe('the check itself', () => {
  test.each([
    ['src/domain/spend/rules.ts', `import { sql } from '#src/database/client.ts'`],
    ['src/domain/spend/rules.ts', `import type { Spend } from './service.ts'`],
    ['src/storage/s3.ts', `import {\n  a,\n  b,\n} from '../providers/registry.ts'`],
    ['src/database/files.ts', `export * from '#src/queue/top-up.ts'`],
    ['src/domain/plan/service.ts', `const load = () => import('#src/http/app.ts')`],
    ['workers/plan.ts', `import '#src/http/app.ts'`],
    ['src/http/routes/files.ts', `import { files } from '#src/database/files.ts'`],
    ['src/errors.ts', `import { readConfig } from './config.ts'`],
    ['src/contracts/json.ts', `import type { Fault } from '#src/errors.ts'`],
    ['src/elsewhere/new.ts', ''],
  ])('finds what is wrong in %s: %s', (path, text) => {
    expect(violations(path, text)).toHaveLength(1)
  })

  test.each([
    ['src/domain/spend/service.ts', `import { json } from '#src/database/client.ts'`],
    ['src/http/idempotency.ts', `import { x } from '#src/database/idempotency.ts'`],
    ['workers/plan.ts', `import type { Plans } from '#src/domain/plan/service.ts'`],
    ['src/domain/spend/rules.ts', `// import { sql } from '#src/database/client.ts'\n/* import '#src/http/app.ts' */`],
    ['src/main.ts', `import { openResources } from './resources.ts'\nimport pg from 'pg'`],
  ])('lets pass what is right in %s: %s', (path, text) => {
    expect(violations(path, text)).toEqual([])
  })

  test('sees every way to import', () => {
    const text = `import a from 'a'\nimport type { B } from "b"\nexport { c } from 'c'\nimport 'd'\nawait import('e')\nexport const f = 'not an import'`
    expect(importsOf(text)).toEqual(['a', 'b', 'c', 'd', 'e'])
  })

  test('services and rules are told apart by name', () => {
    expect(
      ['src/domain/plan/service.ts', 'src/domain/workspace/service-keys.ts', 'src/domain/plan/rules.ts'].map(layerOf),
    ).toEqual(['services', 'services', 'rules'])
  })
})
