/** The program: settings → resources → services → API and workers by role → orderly stop. */
import { startApi } from './api.ts'
import { type Config, readConfig } from './config.ts'
import { createLogger, type Logger } from './logger.ts'
import { claimPort } from './port.ts'
import { openResources } from './resources.ts'
import { createServices } from './services.ts'
import { listenForStop } from './stop.ts'
import { startBackground } from './background.ts'

/** Lines for people go to stdout, the log goes to stderr. */
const say = (line: string) => process.stdout.write(`${line}\n`)

/** Less than the 30 s that container platforms grant by default. */
const stopSeconds = 25

async function run(config: Config, logger: Logger): Promise<void> {
  using stop = listenForStop((code) => process.exit(code))
  await using running = new AsyncDisposableStack()
  const started = performance.now()

  const resources = await openResources(config, { logger, env: (name) => process.env[name] })
  running.defer(() => resources.close())
  const services = createServices(resources)
  const status = { draining: false }
  const api = config.ROLE === 'workers' ? undefined : await startApi(resources, services, status)
  const workers = config.ROLE === 'api' ? undefined : await startBackground(resources, services)

  logger.info({ role: config.ROLE, ms: Math.round(performance.now() - started) }, 'process.started')
  for (const line of api?.announcement ?? [`Spotsmith works (ROLE=${config.ROLE}).`]) say(line)

  const signal = await stop.requested
  logger.info({ signal }, 'process.stopping')
  status.draining = true
  await Promise.all([api?.close(stopSeconds * 1000), workers?.close(stopSeconds * 1000)])
  logger.info({ signal }, 'process.stopped')
}

function explain(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

async function main(): Promise<void> {
  try {
    const config = await claimPort(readConfig(process.env))
    const logger = createLogger({ level: config.LOG_LEVEL })
    process.on('uncaughtException', (err) => {
      logger.fatal({ err }, 'process.crashed')
      process.exit(1)
    })
    await run(config, logger)
  } catch (error) {
    process.stderr.write(`Spotsmith cannot start. ${explain(error)}\n`)
    process.exitCode = 1
  }
}

await main()
