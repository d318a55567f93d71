import { z } from 'zod'
import type { Readable } from 'node:stream'
import { feedFormats, pipeFeed } from '../feed.ts'
import { feed, id } from '../schemas/common.ts'
import { evidenceRow, verification } from '../schemas/provenance.ts'
import { readUpload } from '../upload.ts'
import type { AddRoutes } from './index.ts'

const tag = 'provenance'
const fileTypes = ['video/mp4', 'image/jpeg', 'application/octet-stream']
const form = 'multipart/form-data'

export const addProvenance: AddRoutes = (add, { campaigns, provenance }, app) => {
  add({
    method: 'GET',
    url: '/v1/campaigns/:id/evidence',
    operationId: 'getEvidence',
    tag,
    needs: 'read',
    effect: 'own',
    summary: 'The disclosure record of a campaign, a line per file',
    description:
      'Label and reason, manifest and signer, model, attempt, prompt digest, review decision and times, as JSON, NDJSON or CSV.',
    params: z.object({ id: id('campaign') }),
    query: z.object({ format: z.enum(feedFormats).default('json') }),
    streams: feed('evidence', evidenceRow, 'Evidence'),
    handler: async ({ scope, params, query, reply }) => {
      const { id: campaignId } = await campaigns.get(scope, params.id)
      const columns = Object.keys(evidenceRow.shape)
      const rows = provenance.evidence(scope, campaignId)
      await pipeFeed(reply, { object: 'evidence', campaignId, columns, rows }, query.format)
    },
  })
  void app.register(async (streaming) => {
    streaming.removeAllContentTypeParsers()
    streaming.addContentTypeParser([form, ...fileTypes], { bodyLimit: Number.MAX_SAFE_INTEGER }, (_request, payload, done) =>
      done(null, payload),
    )
    add(
      {
        method: 'POST',
        url: '/v1/provenance/verify',
        operationId: 'verifyProvenance',
        tag,
        needs: 'read',
        effect: 'own',
        summary: 'What a file says of where it comes from, and whether that holds',
        description:
          'Takes an MP4 or a JPEG as the body, or as the one file of a multipart form. Nothing is kept, and nobody else is asked.',
        answer: verification,
        consumes: [...fileTypes, form],
        handler: ({ scope, request }) =>
          request.headers['content-type']?.startsWith(form)
            ? readUpload(request, ({ body }) => provenance.verify(scope, body))
            : provenance.verify(scope, request.body as Readable),
      },
      streaming,
    )
  })
}
