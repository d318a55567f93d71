/** A process that owns an embedded Postgres until it is killed: argv[2] is its DATA_DIR. */
import { startEmbeddedPostgres } from '#src/database/embedded-postgres.ts'

const server = await startEmbeddedPostgres({ dataDir: process.argv[2]!, durable: process.argv[3] === 'durable' })
console.log(server.connectionString)
setInterval(() => {}, 60_000)
