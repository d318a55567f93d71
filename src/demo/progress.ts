/** Progress: a bar on a terminal, plain lines otherwise. */
const width = 32

export interface Progress {
  update(done: number, of: number, note: string): void
  end(note: string): void
}

/** @param title what is being done, e.g. "Composing" */
export function createProgress(out: NodeJS.WriteStream, title: string): Progress {
  let last = ''
  const bar = (done: number, of: number) => {
    const filled = of === 0 ? 0 : Math.round((done / of) * width)
    return `${'█'.repeat(filled)}${'░'.repeat(width - filled)}`
  }
  const show = (line: string) => {
    if (line === last) return
    last = line
    out.write(out.isTTY ? `\r\u001b[K${line}` : `${line}\n`)
  }
  return {
    update: (done, of, note) =>
      show(out.isTTY ? `${title} ${bar(done, of)} ${done}/${of} ${note}` : `${title} ${done}/${of} ${note}`),
    end: (note) => {
      show(`${title} ${note}`)
      if (out.isTTY) out.write('\n')
    },
  }
}
