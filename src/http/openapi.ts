/** openapi.yaml is made from the routes; nothing in it is written by hand but what is here. */
import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod'
import { tidy } from './openapi-tidy.ts'
import { withWebhooks } from './openapi-webhooks.ts'
import packageJson from '../../package.json' with { type: 'json' }

const description = `Spotsmith turns one campaign template and an audience of segments into finished, personalised video ads.

- JSON in snake_case; times are ISO 8601 in UTC; money is integer micro-USD.
- Every answer that is not a 2xx is an RFC 9457 problem document with a \`code\`, and \`errors[]\` with JSON pointers for bad input.
- A POST that creates or spends takes an \`Idempotency-Key\`; its replay is byte-identical.
- Lists take \`limit\` and \`cursor\` and answer \`{data, has_more, next_cursor}\`.`

const tags: readonly (readonly [string, string])[] = [
  ['campaigns', 'Plan, launch, watch and cancel; the manifest of finished files'],
  ['templates', 'The creative blueprint, in immutable versions, and previews of it'],
  ['audiences', 'Segments, and their streamed import'],
  ['variants', "One segment's ad and its renditions"],
  ['generations', 'Clips, attempts and cost'],
  ['provenance', 'Where files come from: verification and the evidence record'],
  ['models', 'Model cards: lengths, ratios, price, sunset'],
  ['media', 'Logos, fonts, images and music'],
  ['brands', 'Fonts, colours and logo of a brand, kept once'],
  ['formats', 'Output geometry, encoding and limits of a channel'],
  ['webhooks', 'Endpoints, events and deliveries'],
  ['files', 'The bytes behind links'],
  ['workspaces', 'Tenants, keys, usage and the audit log'],
]

export const openapiOptions: FastifyDynamicSwaggerOptions = {
  openapi: {
    openapi: '3.1.0',
    info: {
      title: 'Spotsmith',
      version: packageJson.version,
      description,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      contact: { name: 'Spotsmith' },
    },
    servers: [{ url: 'http://localhost:8080', description: 'npm start' }],
    tags: tags.map(([name, text]) => ({ name, description: text })),
    components: {
      securitySchemes: {
        key: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'spk_ + 36 characters',
          description: 'An API key; its scopes say what it may do',
        },
      },
    },
  },
  transform: jsonSchemaTransform,
  transformObject: (document) => tidy(withWebhooks(jsonSchemaTransformObject(document) as never)),
}
