/** A new campaign: template, audience, and how it is made; its plan and launch follow on a page of their own. */
import { useInfiniteQuery, useMutation } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { ArrowLeft } from 'lucide-react'
import { lazy, Suspense, useState } from 'react'
import { call } from '../api/client.ts'
import { money } from '../api/format.ts'
import { queries, rows } from '../api/queries.ts'
import type { Audience, Campaign, CampaignInput, Template } from '../api/types.ts'
import { AudienceStep } from '../components/audience-step.tsx'
import { LivePreview } from '../components/preview.tsx'
import { TemplateForm } from '../components/template-form.tsx'
import { Field, Loading, Problem, Top } from '../components/ui.tsx'
import { type Draft, starter } from './starter.ts'

const CodeEditor = lazy(async () => ({ default: (await import('../components/code-editor.tsx')).CodeEditor }))
const names = ['Template', 'Audience', 'Plan', 'Launch'] as const

export const Steps = ({ at }: { at: number }) => (
  <ol className="steps" aria-label="Steps">
    {names.map((name, index) => (
      <li key={name} data-state={index < at ? 'done' : undefined} aria-current={index === at ? 'step' : undefined}>
        {index + 1}. {name}
      </li>
    ))}
  </ol>
)

function parse(code: string): Draft | undefined {
  try {
    const value: unknown = JSON.parse(code)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Draft) : undefined
  } catch {
    return undefined
  }
}

function TemplateStep({ onDone }: { onDone: (template: Template) => void }) {
  const templates = useInfiniteQuery(queries.templates())
  const [base, setBase] = useState<Template>()
  const [code, setCode] = useState(JSON.stringify(starter, null, 2))
  const draft = parse(code)
  const unchanged = base && JSON.stringify(draft) === JSON.stringify(base.template)
  const save = useMutation({
    mutationFn: async () =>
      unchanged ? base : await call<Template>('/v1/templates', { method: 'POST', body: { template: draft } }),
    onSuccess: onDone,
  })
  return (
    <>
      <Field name="Start from">
        {(id) => (
          <select
            id={id}
            value={base?.id ?? ''}
            onChange={(event) => {
              const chosen = rows(templates.data).find((one) => one.id === event.target.value)
              setBase(chosen)
              setCode(JSON.stringify(chosen?.template ?? starter, null, 2))
            }}
          >
            <option value="">A new template</option>
            {rows(templates.data)
              .filter((one) => !one.archived_at)
              .map((one) => (
                <option key={one.id} value={one.id}>
                  {one.name} (version {one.version})
                </option>
              ))}
          </select>
        )}
      </Field>
      <div className="cols">
        {draft ? (
          <TemplateForm draft={draft} onChange={(next) => setCode(JSON.stringify(next, null, 2))} />
        ) : (
          <div className="panel">
            <p>The code is not valid JSON; the form follows as soon as it is.</p>
          </div>
        )}
        <section className="panel stack" aria-labelledby="code-title">
          <h2 id="code-title">As code</h2>
          <Suspense fallback={<Loading height={400} />}>
            <CodeEditor value={code} onChange={setCode} />
          </Suspense>
        </section>
      </div>
      {draft && <LivePreview draft={draft} />}
      {save.error && <Problem error={save.error} />}
      <div className="actions">
        <button type="button" className="button primary" disabled={!draft || save.isPending} onClick={() => save.mutate()}>
          Continue with this template
        </button>
      </div>
    </>
  )
}

function SettingsStep({ template, audience }: { template: Template; audience: Audience }) {
  const navigate = useNavigate()
  const models = useInfiniteQuery(queries.models())
  const configured = rows(models.data).filter((model) => model.configured)
  const [name, setName] = useState(`${template.name}, ${audience.name}`.slice(0, 200))
  const [chosen, setChosen] = useState<readonly string[]>([])
  const [budget, setBudget] = useState('')
  const [review, setReview] = useState<'none' | 'clips' | 'all'>('all')
  const [priority, setPriority] = useState(5)
  const create = useMutation({
    mutationFn: async () => {
      const body: CampaignInput = {
        name,
        template_id: template.id,
        template_version: template.version,
        audience_id: audience.id,
        review,
        priority,
        ...(chosen.length > 0 && { models: [...chosen] }),
        budget_micro_usd: budget === '' ? null : Math.round(Number(budget) * 1_000_000),
      }
      const campaign = await call<Campaign>('/v1/campaigns', { method: 'POST', body })
      return await call<Campaign>(`/v1/campaigns/${campaign.id}/plan`, { method: 'POST', body: {} })
    },
    onSuccess: (campaign) => navigate({ to: '/campaigns/$id/plan', params: { id: campaign.id } }),
  })
  const toggle = (id: string) => setChosen(chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen, id])
  return (
    <form
      className="stack gap"
      onSubmit={(event) => {
        event.preventDefault()
        create.mutate()
      }}
    >
      <div className="cols">
        <section className="panel stack gap">
          <h2>What it is called, and who decides</h2>
          <Field name="Name">
            {(id) => <input id={id} required maxLength={200} value={name} onChange={(event) => setName(event.target.value)} />}
          </Field>
          <Field name="Review" hint="Nothing that waits for review reaches an endpoint, the file list or a link.">
            {(id) => (
              <select id={id} value={review} onChange={(event) => setReview(event.target.value as typeof review)}>
                <option value="all">Every variant, before it is delivered</option>
                <option value="clips">The clips, before anything is composed</option>
                <option value="none">None: deliver as they are made</option>
              </select>
            )}
          </Field>
        </section>
        <section className="panel stack gap">
          <h2>What makes the clips, and for how much</h2>
          <fieldset className="stack" style={{ border: 0, padding: 0, margin: 0, gap: 0 }}>
            <legend className="label" style={{ fontWeight: 560, fontSize: '.9rem' }}>
              Models, in the order you tick them
            </legend>
            {models.isPending && <Loading height={60} />}
            {configured.map((model) => (
              <label key={model.id} className="check">
                <input
                  type="checkbox"
                  checked={chosen.includes(model.id) || (chosen.length === 0 && model.draft)}
                  onChange={() => toggle(model.id)}
                />
                <span>
                  <b>{model.title}</b>{' '}
                  {chosen.includes(model.id) && chosen.length > 1 && (
                    <span className="soft">({chosen.indexOf(model.id) + 1}.)</span>
                  )}
                  <br />
                  <span className="soft small">
                    {model.id} ·{' '}
                    {model.draft
                      ? 'free rehearsal, not for publication'
                      : `from ${money(Math.min(...Object.values(model.price_micro_usd_per_second)))} a second`}
                    {model.sunset_at ? ` · ends ${model.sunset_at}` : ''}
                  </span>
                </span>
              </label>
            ))}
          </fieldset>
          <Field name="Budget (US$)" hint="No clip is bought beyond it. Empty: no limit.">
            {(id) => (
              <input
                id={id}
                type="number"
                min="0"
                step="0.01"
                inputMode="decimal"
                value={budget}
                onChange={(event) => setBudget(event.target.value)}
              />
            )}
          </Field>
          <Field name="Priority" hint="1 is first, 9 is last.">
            {(id) => (
              <input
                id={id}
                type="number"
                min="1"
                max="9"
                value={priority}
                onChange={(event) => setPriority(Number(event.target.value))}
              />
            )}
          </Field>
        </section>
      </div>
      {create.error && <Problem error={create.error} />}
      <div className="actions">
        <button type="submit" className="button primary" disabled={create.isPending}>
          {create.isPending ? 'Planning…' : 'Make the plan'}
        </button>
      </div>
    </form>
  )
}

export function NewCampaign() {
  const [template, setTemplate] = useState<Template>()
  const [audience, setAudience] = useState<Audience>()
  return (
    <>
      <Top
        title="New campaign"
        above={
          <Link to="/" className="crumb">
            <ArrowLeft aria-hidden /> Campaigns
          </Link>
        }
      >
        {template && (
          <button type="button" className="button" onClick={() => (audience ? setAudience(undefined) : setTemplate(undefined))}>
            Back a step
          </button>
        )}
      </Top>
      <Steps at={audience ? 2 : template ? 1 : 0} />
      {!template && <TemplateStep onDone={setTemplate} />}
      {template && !audience && <AudienceStep template={template} onDone={setAudience} />}
      {template && audience && <SettingsStep template={template} audience={audience} />}
    </>
  )
}
