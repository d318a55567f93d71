/**
 * What a compositor child asks the service in the middle of a job: a signature. The signing key stays out of the process
 * that reads hostile files; all that such a process could get is a signature over a claim, which names this service anyway.
 */
import type { ChildProcess } from 'node:child_process'
import { type Fault, toError, toFault } from './protocol.ts'

export interface Question {
  readonly ask: 'sign'
  readonly claim: Uint8Array
}

export type Reply = { readonly reply: 'sign' } & (
  | { readonly ok: true; readonly value: Uint8Array }
  | { readonly ok: false; readonly fault: Fault }
)

export type SignClaim = (claim: Uint8Array) => Promise<Uint8Array>

export const isQuestion = (message: unknown): message is Question =>
  typeof message === 'object' && message !== null && 'ask' in message
export const isReply = (message: unknown): message is Reply =>
  typeof message === 'object' && message !== null && 'reply' in message

/** In the service: answers a child for as long as it lives. */
export function answerQuestions(child: ChildProcess, sign: SignClaim): ChildProcess {
  const reply = async (claim: Uint8Array): Promise<Reply> =>
    sign(claim).then(
      (value) => ({ reply: 'sign', ok: true, value }),
      (error: unknown) => ({ reply: 'sign', ok: false, fault: toFault(error) }),
    )
  return child.on('message', (message) => {
    // A child that has ended meanwhile needs no answer.
    if (isQuestion(message)) void reply(message.claim).then((answer) => child.send(answer, () => undefined))
  })
}

/** In a child: one question at a time, as there is one job at a time. */
export function createAsk(send: (question: Question) => void) {
  let waiting: PromiseWithResolvers<Uint8Array> | undefined

  const sign: SignClaim = (claim) => {
    waiting = Promise.withResolvers<Uint8Array>()
    send({ ask: 'sign', claim })
    return waiting.promise
  }
  const receive = (reply: Reply): void => {
    if (reply.ok) waiting?.resolve(reply.value)
    else waiting?.reject(toError(reply.fault))
    waiting = undefined
  }
  return { sign, receive }
}
