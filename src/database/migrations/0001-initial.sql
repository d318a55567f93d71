-- The whole first schema. Every row belongs to a workspace; every query filters by it.
-- Work items (plans, generations, renditions, deliveries) share the columns
--   status, due_at, starts, lease_token, lease_until, last_error
-- and are claimed on the database's clock (see src/queue/README.md).

create table workspaces (
  id text primary key,
  name text not null,
  budget_per_month_micro_usd bigint,
  limits jsonb not null default '{}',
  retention jsonb not null default '{}',
  metadata jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz
);

create table api_keys (
  id text primary key,
  workspace_id text not null references workspaces,
  name text not null,
  prefix text not null,                       -- the first characters, to recognise a key by
  key_sha256 bytea not null unique,
  scopes text[] not null,
  created_at timestamptz not null default now(),
  last_used_at timestamptz,
  revoked_at timestamptz
);
create index api_keys_list on api_keys (workspace_id, id desc);

create table audit_log (
  id text primary key,
  workspace_id text not null references workspaces,
  actor text not null,                        -- the key's id, or 'system'
  action text not null,                       -- e.g. campaign.launched
  subject text not null,                      -- the id it was done to
  details jsonb not null default '{}',
  request_id text,
  created_at timestamptz not null default now()
);
create index audit_log_list on audit_log (workspace_id, id desc);

-- The stored answer of a POST with an Idempotency-Key, inserted in the effect's own transaction.
create table idempotency_keys (
  workspace_id text not null references workspaces,
  route text not null,                        -- method and route pattern
  key text not null,
  request_sha256 bytea not null,
  status integer not null,
  headers jsonb not null default '{}',
  body text,                                  -- null: the answer carried a secret and is not kept
  created_at timestamptz not null default now(),
  primary key (workspace_id, route, key)
);
create index idempotency_keys_age on idempotency_keys (created_at);

-- Every object in the store that a row names. Links point at a file; raising link_version revokes them.
create table files (
  id text primary key,
  workspace_id text not null references workspaces,
  object_key text not null,                   -- renditions with equal content share one object
  kind text not null,                         -- clip | video | poster | preview | media
  media_type text not null,
  file_name text not null,                    -- what a browser saves it as
  bytes bigint not null,
  sha256 text not null,                       -- hex
  link_version integer not null default 1,
  variant_id text,                            -- set: the link answers only while that variant may be seen
  approved_at timestamptz,                    -- a reviewer approved exactly this file (domain/review)
  created_at timestamptz not null default now(),
  removed_at timestamptz
);
create index files_object on files (object_key);
create index files_variant on files (variant_id) where variant_id is not null;

create table media (
  id text primary key,
  workspace_id text not null references workspaces,
  file_id text not null references files,
  kind text not null,                         -- image | font | audio | video
  name text not null,
  width integer, height integer, seconds double precision,
  metadata jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz
);
create index media_list on media (workspace_id, id desc) where deleted_at is null;

-- A workspace's own formats; the built-in ones are data in the code.
create table brands (
  id text primary key,
  workspace_id text not null references workspaces,
  name text not null,
  spec jsonb not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index brands_page on brands (workspace_id, id);

create table formats (
  workspace_id text not null references workspaces,
  id text not null,
  spec jsonb not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (workspace_id, id)
);

create table templates (
  id text primary key,
  workspace_id text not null references workspaces,
  name text not null,
  version integer not null default 1,         -- the newest
  metadata jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  archived_at timestamptz
);
create index templates_list on templates (workspace_id, id desc);

create table template_versions (
  template_id text not null references templates,
  version integer not null,
  workspace_id text not null references workspaces,
  spec jsonb not null,                        -- the checked template (domain/template)
  created_at timestamptz not null default now(),
  primary key (template_id, version)
);

create table audiences (
  id text primary key,
  workspace_id text not null references workspaces,
  name text not null,
  revision integer not null default 0,        -- grows by one at each import
  segment_count bigint not null default 0,
  metadata jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz
);
create index audiences_list on audiences (workspace_id, id desc) where deleted_at is null;

-- A segment is valid in the revisions revision_from <= r < revision_to (null: still), so that a campaign
-- keeps the revision it was planned on, and an upsert of ten rows of a million writes ten rows.
create table segments (
  audience_id text not null references audiences,
  key text not null,
  revision_from integer not null,
  revision_to integer,
  workspace_id text not null references workspaces,
  locale text not null,
  attributes jsonb not null,
  position bigint not null,                   -- order of the rows in the import
  primary key (audience_id, key, revision_from)
);
create index segments_page on segments (audience_id, position, key);

create table imports (
  id text primary key,
  workspace_id text not null references workspaces,
  audience_id text not null references audiences,
  status text not null,                       -- succeeded | failed
  mode text not null,                         -- replace | upsert
  format text not null,                       -- csv | ndjson | json
  rows bigint not null default 0,
  accepted bigint not null default 0,
  refused bigint not null default 0,
  revision integer,                           -- the audience's revision that it made
  error jsonb,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index imports_list on imports (workspace_id, id desc);

create table import_errors (
  import_id text not null references imports on delete cascade,
  position integer not null,                  -- 1, 2, 3… in the order they were met
  row_number bigint not null,                 -- as a person counts: the header is row 1 in a CSV
  column_name text,
  code text not null,
  message text not null,
  value text,                                 -- an excerpt
  primary key (import_id, position)
);

create table campaigns (
  id text primary key,
  workspace_id text not null references workspaces,
  name text not null,
  status text not null default 'draft',       -- domain/campaign/rules.ts
  pause_reasons text[] not null default '{}', -- user | budget | overrun
  template_id text not null references templates,
  template_version integer not null,
  audience_id text not null references audiences,
  audience_revision integer not null,
  settings jsonb not null,                    -- segment_filter, on_invalid, formats, models, review, on_uncertain, caps
  priority integer not null default 5,        -- 1 (first) to 9 (last)
  not_before timestamptz,
  budget_micro_usd bigint,
  reserved_micro_usd bigint not null default 0,
  spent_micro_usd bigint not null default 0,
  plan_revision integer not null default 0,   -- the newest plan
  launch_on_planned boolean not null default false,
  metadata jsonb not null default '{}',
  request_id text,                            -- of the call that launched it, for traces
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  started_at timestamptz,
  completed_at timestamptz,
  foreign key (template_id, template_version) references template_versions
);
create index campaigns_list on campaigns (workspace_id, id desc);
create index campaigns_rendering on campaigns (status, priority, created_at) where status = 'rendering';
create index campaigns_audience on campaigns (audience_id);

create table plans (
  id text primary key,
  workspace_id text not null references workspaces,
  campaign_id text not null references campaigns on delete cascade,
  revision integer not null,
  status text not null default 'waiting',     -- waiting | ready | failed | superseded
  digest text,
  result jsonb,                               -- the plan as the API shows it
  context jsonb,                              -- what the variants share: template, brand, formats, media, cards
  progress jsonb not null default '{}',
  error jsonb,
  due_at timestamptz not null default now(),
  starts integer not null default 0,
  lease_token text, lease_until timestamptz, last_error text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (campaign_id, revision)
);
create index plans_due on plans (due_at) where status = 'waiting';

create table plan_invalid (
  plan_id text not null references plans on delete cascade,
  position bigint not null,
  segment_key text not null,
  errors jsonb not null,                      -- [{pointer, code, message}]
  primary key (plan_id, position)
);

-- A distinct clip that a campaign wants. generation_id is null until launch made or found one.
create table shots (
  id text primary key,
  workspace_id text not null references workspaces,
  campaign_id text not null references campaigns on delete cascade,
  shot_key text not null,
  spec jsonb not null,                        -- domain/generation ShotSpec
  model_index integer not null default 0,     -- which of the campaign's models is its turn
  generation_id text,
  approved_sha256 text,                       -- with review `clips`: the clip that a reviewer approved; another one waits again
  error jsonb,                                -- {code, message}: every model of the campaign failed, or a reviewer rejected the clip
  releasing boolean not null default false,   -- its clip is there; renditions that wait for it are still to be made due
  created_at timestamptz not null default now(),
  unique (campaign_id, shot_key)
);
create index shots_generation on shots (generation_id);
create index shots_releasing on shots (id) where releasing;
create index shots_stranded on shots (campaign_id) where error is not null;

create table generations (
  id text primary key,
  workspace_id text not null references workspaces,
  generation_key text not null,               -- sha256 of shot key and model
  shot_key text not null,
  spec jsonb not null,
  model text not null,                        -- provider/model
  status text not null default 'planned',     -- domain/generation/rules.ts
  payer_campaign_id text references campaigns,
  attempt_id text,                            -- the attempt in progress, or the one that made the clip
  attempt_count integer not null default 0,
  fetch_count integer not null default 0,
  job_ref jsonb,
  outputs jsonb,
  repolled boolean not null default false,    -- a new link was asked for after one had expired
  progress double precision,
  cost_micro_usd bigint not null default 0,
  clip_file_id text references files,
  clip jsonb,                                 -- {sha256, bytes, seconds, width, height, has_audio}
  error jsonb,                                -- {code, message, billed}
  due_at timestamptz not null default now(),
  starts integer not null default 0,
  lease_token text, lease_until timestamptz, last_error text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  ready_at timestamptz
);
-- At most one live or ready generation of a key in a workspace: this index is the promise "paid once".
create unique index generations_once on generations (workspace_id, generation_key)
  where status in ('planned', 'submitting', 'running', 'fetching', 'uncertain', 'ready');
create index generations_due on generations (status, due_at) where status in ('planned', 'submitting', 'running', 'fetching');
create index generations_planned on generations (model) where status = 'planned';
create index generations_clip on generations (clip_file_id) where clip_file_id is not null;
create index generations_list on generations (workspace_id, id desc);
create index generations_in_flight on generations (model) where status in ('submitting', 'running', 'fetching', 'uncertain');

-- One submission to one provider, written down before the request is sent.
create table attempts (
  id text primary key,
  workspace_id text not null references workspaces,
  generation_id text not null references generations,
  campaign_id text not null references campaigns,  -- who pays
  status text not null,                       -- domain/generation/rules.ts
  provider text not null,
  model text not null,
  request jsonb not null,                     -- what is sent, as the adapter got it
  request_sha256 text not null,
  reserved_micro_usd bigint not null,
  cost_micro_usd bigint,
  job_ref jsonb,
  evidence jsonb,
  error jsonb,
  recover_count integer not null default 0,
  submitted_at timestamptz not null default now(),
  accepted_at timestamptz,
  finished_at timestamptz
);
create index attempts_generation on attempts (generation_id, submitted_at);
create index attempts_rate on attempts (model, submitted_at);
create index attempts_open on attempts (model, request_sha256) where job_ref is null and status in ('sending', 'uncertain', 'superseded');

-- Append-only: integer micro-USD, signed from the budget's point of view (a reserve is +, a release is -).
create table ledger (
  id bigint generated always as identity primary key,
  workspace_id text not null references workspaces,
  campaign_id text not null references campaigns,
  generation_id text not null references generations,
  -- Deferred: money is reserved before the attempt is written, in the same transaction.
  attempt_id text not null references attempts deferrable initially deferred,
  kind text not null check (kind in ('reserve', 'settle', 'release', 'adjust')),
  micro_usd bigint not null,
  model text not null,
  created_at timestamptz not null default now()
);
create index ledger_attempt on ledger (attempt_id);
-- A reservation is made once and ended once, whatever is replayed.
create unique index ledger_once on ledger (attempt_id, kind) where kind <> 'adjust';
create index ledger_usage on ledger (workspace_id, created_at);
create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'The ledger is append-only.';
end $$;
create trigger ledger_append_only before update or delete on ledger for each row execute function refuse_change();

-- The workspace's budget per month: one row that every reservation of the month passes through.
create table workspace_months (
  workspace_id text not null references workspaces,
  month date not null,                        -- its first day, UTC; a submission counts in the month it was made in
  reserved_micro_usd bigint not null default 0,
  spent_micro_usd bigint not null default 0,
  primary key (workspace_id, month)
);

create table variants (
  id text primary key,
  workspace_id text not null references workspaces,
  campaign_id text not null references campaigns on delete cascade,
  segment_key text not null,
  locale text not null,
  position bigint not null,
  status text not null default 'planned',     -- domain/variant/rules.ts
  revision integer not null default 1,
  plan_revision integer not null,
  texts jsonb not null,                       -- resolved at plan time: {overlays: [...], end_card: ..., images: [...]}
  error jsonb,                                -- {code, message}
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (campaign_id, segment_key)
);
create index variants_list on variants (workspace_id, campaign_id, position);
create index variants_status on variants (campaign_id, status, position);
create index variants_open on variants (campaign_id) where status in ('planned', 'rendering', 'in_review');

create table renditions (
  id text primary key,
  workspace_id text not null references workspaces,
  campaign_id text not null references campaigns on delete cascade,
  variant_id text not null references variants on delete cascade,
  variant_revision integer not null default 1,
  format text not null,
  shot_ids text[] not null,                   -- one a scene, in order
  status text not null default 'waiting',     -- waiting | composing | ready | failed | cancelled
  rendition_key text,                         -- sha256 of everything that decides the bytes
  video_file_id text references files,
  poster_file_id text references files,
  preview_file_id text references files,
  seconds double precision, width integer, height integer,
  draft boolean not null default false,
  disclosure jsonb, provenance jsonb, qa jsonb,
  error jsonb,
  due_at timestamptz not null default 'infinity',  -- set to now() when all its shots have their clips
  starts integer not null default 0,
  lease_token text, lease_until timestamptz, last_error text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (variant_id, format)
);
create index renditions_due on renditions (campaign_id, due_at, id) where status in ('waiting', 'composing');
create index renditions_campaign on renditions (campaign_id, status);
create index renditions_waiting on renditions using gin (shot_ids) where status = 'waiting' and due_at = 'infinity';
create index renditions_manifests on renditions using gin ((provenance -> 'manifest_ids')) where status = 'ready';
create index renditions_key on renditions (workspace_id, rendition_key) where status = 'ready';

-- What reviewers decided, append-only but for void_at: about a variant's files at one revision, or about a campaign's clip.
create table review_decisions (
  id text primary key,
  workspace_id text not null references workspaces,
  campaign_id text not null references campaigns on delete cascade,
  variant_id text references variants on delete cascade,
  shot_id text references shots on delete cascade,
  revision integer,                           -- the variant's
  decision text not null,                     -- approved | rejected
  reason text, note text,
  regenerate boolean not null default false,
  files_sha256 text[] not null,               -- hex, of the files that were decided about
  key_id text not null,
  actor text,                                 -- the person, where one key serves several
  created_at timestamptz not null default now(),
  void_at timestamptz,                        -- the files have changed since
  check ((variant_id is null) <> (shot_id is null))
);
create index review_decisions_variant on review_decisions (variant_id, id desc) where variant_id is not null;
create index review_decisions_shot on review_decisions (shot_id, id desc) where shot_id is not null;

-- A variant that is made again is another one: whoever reopens it cannot forget that its approval is void.
create function void_decisions() returns trigger language plpgsql as $$
begin
  update review_decisions set void_at = now() where variant_id = new.id and void_at is null;
  return null;
end $$;
create trigger void_decisions after update of revision on variants
  for each row when (old.revision is distinct from new.revision) execute function void_decisions();

create table webhook_endpoints (
  id text primary key,
  workspace_id text not null references workspaces,
  url text not null,
  description text not null default '',
  event_types text[],                         -- null: all
  campaign_id text references campaigns,      -- null: all
  status text not null default 'enabled',     -- enabled | disabled
  disabled_reason text,
  signature text not null default 'v1',       -- v1 | v1a
  secret_encrypted bytea not null,
  previous_secret_encrypted bytea,
  previous_secret_until timestamptz,
  max_concurrency integer not null default 8,
  rate_limit_per_second integer,
  next_send_at timestamptz,                   -- with a rate limit: when the top-up may take its next deliveries
  failing_since timestamptz,                  -- null: the last answer was a success
  metadata jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz
);
create index webhook_endpoints_list on webhook_endpoints (workspace_id, id desc) where deleted_at is null;

create table events (
  id text primary key,
  workspace_id text not null references workspaces,
  sequence bigint generated always as identity unique,
  transaction xid8 not null default pg_current_xact_id(),  -- readers wait until no older one is open
  type text not null,
  campaign_id text,
  subject_id text not null,                   -- the variant, generation, campaign… that it is about
  dedupe_key text not null,                   -- one event per subject, revision and outcome
  body text not null,                         -- the exact bytes that are signed and sent
  created_at timestamptz not null default now(),
  unique (workspace_id, dedupe_key)
);
create index events_list on events (workspace_id, id desc);
create index events_campaign on events (campaign_id, transaction, sequence);
create index events_type on events (workspace_id, type, id desc);

create table deliveries (
  id text primary key,
  workspace_id text not null references workspaces,
  endpoint_id text not null references webhook_endpoints,
  event_id text not null references events,
  status text not null default 'due',         -- due | delivered | exhausted | cancelled
  attempt_count integer not null default 0,
  schedule_step integer not null default 0,   -- failed attempts of the schedule so far; manual ones do not count
  resume_status text,                         -- set by a manual retry: the state to go back to when it fails
  resume_at timestamptz,                      -- ... and the due_at of that state
  due_at timestamptz not null default now(),
  starts integer not null default 0,
  lease_token text, lease_until timestamptz, last_error text,
  last_status integer,
  delivered_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index deliveries_due on deliveries (endpoint_id, due_at, id) where status = 'due';
create index deliveries_endpoint on deliveries (endpoint_id, status, id);
create index deliveries_list on deliveries (workspace_id, id desc);
create index deliveries_event on deliveries (event_id);
create index deliveries_of_endpoint on deliveries (endpoint_id, id desc);
create index deliveries_failed on deliveries (workspace_id, id desc) where status in ('exhausted', 'cancelled');

create table delivery_attempts (
  delivery_id text not null references deliveries on delete cascade,
  attempt integer not null,
  started_at timestamptz not null,
  milliseconds integer not null,
  status integer,                             -- HTTP status, null when there was no answer
  error text,
  response_excerpt text,                      -- the first 16 KiB
  manual boolean not null default false,
  primary key (delivery_id, attempt)
);

-- Counters. A change of status appends a delta (no row that every worker fights for); the top-up folds them.
create table counters (
  campaign_id text not null references campaigns on delete cascade,
  entity text not null,                       -- variants | renditions
  status text not null,
  count bigint not null,
  primary key (campaign_id, entity, status)
);
create table counter_deltas (
  campaign_id text not null references campaigns on delete cascade,
  entity text not null,
  status text not null,
  delta bigint not null
);
create index counter_deltas_campaign on counter_deltas (campaign_id);

-- One statement-level trigger per statement kind: no caller can forget to count, and a COPY of a million rows counts once.
create function count_inserted() returns trigger language plpgsql as $$
begin
  insert into counter_deltas select campaign_id, tg_table_name, status, count(*) from new_rows group by 1, 3;
  return null;
end $$;
create function count_updated() returns trigger language plpgsql as $$
begin
  insert into counter_deltas
    select campaign_id, tg_table_name, status, sum(n) from (
      select campaign_id, status, count(*) as n from new_rows group by 1, 2
      union all
      select campaign_id, status, -count(*) from old_rows group by 1, 2
    ) changes group by 1, 3 having sum(n) <> 0;
  return null;
end $$;
create function count_deleted() returns trigger language plpgsql as $$
begin
  insert into counter_deltas
    select o.campaign_id, tg_table_name, o.status, -count(*) from old_rows o
    where exists (select from campaigns c where c.id = o.campaign_id) group by 1, 3;
  return null;
end $$;
create trigger count_inserted after insert on variants referencing new table as new_rows for each statement execute function count_inserted();
create trigger count_updated after update on variants referencing old table as old_rows new table as new_rows for each statement execute function count_updated();
create trigger count_deleted after delete on variants referencing old table as old_rows for each statement execute function count_deleted();
create trigger count_inserted after insert on renditions referencing new table as new_rows for each statement execute function count_inserted();
create trigger count_updated after update on renditions referencing old table as old_rows new table as new_rows for each statement execute function count_updated();
create trigger count_deleted after delete on renditions referencing old table as old_rows for each statement execute function count_deleted();
create view campaign_counts as
  select campaign_id, entity, status, sum(n)::bigint as count from (
    select campaign_id, entity, status, count as n from counters
    union all
    select campaign_id, entity, status, delta from counter_deltas
  ) parts group by 1, 2, 3;
