/** The program: settings → resources → services → API and workers by role → orderly stop. */
import { startApi } from './api.ts'
import { startBackground } from './background.ts'
import { type Config, readConfig } from './config.ts'
import { createLogger, type Logger } from './logger.ts'
import { claimPort } from './port.ts'
import { openResources } from './resources.ts'
import { createServices } from './services.ts'
import { listenForStop } from './stop.ts'

/** Less than the 30 s that container platforms grant by default; closing the resources comes on top. */
const stopMs = 25_000

/** Lines for people go to stdout, the log goes to stderr. */
const say = (line: string) => process.stdout.write(`${line}\n`)

async function start(config: Config, logger: Logger, running: AsyncDisposableStack) {
  const resources = await openResources(config, { logger, env: (name) => process.env[name] })
  running.defer(() => resources.close())
  const services = createServices(resources)
  const status = { draining: false }
  const api = config.ROLE === 'workers' ? undefined : await startApi(resources, services, status)
  running.defer(() => api?.close(stopMs))
  const workers = config.ROLE === 'api' ? undefined : await startBackground(resources, services)
  running.defer(() => workers?.close(stopMs))

  async function stop(): Promise<void> {
    status.draining = true
    await Promise.all([api?.close(stopMs), workers?.close(stopMs)])
  }
  return { announcement: api?.announcement ?? [`Spotsmith works (ROLE=${config.ROLE}).`], stop }
}

async function run(config: Config, logger: Logger): Promise<void> {
  using signal = listenForStop((code) => process.exit(code))
  await using running = new AsyncDisposableStack()
  const startedAt = performance.now()
  const { announcement, stop } = await start(config, logger, running)
  logger.info({ role: config.ROLE, ms: Math.round(performance.now() - startedAt) }, 'process.started')
  announcement.forEach(say)

  logger.info({ signal: await signal.requested }, 'process.stopping')
  const stoppingAt = performance.now()
  await stop()
  await running.disposeAsync()
  logger.info({ ms: Math.round(performance.now() - stoppingAt) }, 'process.stopped')
}

/** In an unknown state nothing is safe but to end: every part is built to be restarted. */
function endOnCrash(logger: Logger): void {
  process.on('uncaughtException', (err) => {
    logger.fatal({ err }, 'process.crashed')
    process.exit(1)
  })
}

try {
  const config = await claimPort(readConfig(process.env))
  const logger = createLogger({ level: config.LOG_LEVEL })
  endOnCrash(logger)
  await run(config, logger)
} catch (error) {
  process.stderr.write(`Spotsmith has to end. ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
