/** Made from src/domain/events/types.ts by `npm run generate`: what is posted to webhook endpoints. */

/** A plan is ready to be read and launched, or has failed (`status`) */
export interface CampaignPlannedEvent {
  type: 'campaign.planned'
  timestamp: string
  data: {
    campaign_id: string
    name: string
    status: string
    /** The caller's own key–value pairs */
    metadata: Record<string, string>
    plan_digest?: string | null
    error?: {
      code: string
      message: string
    } | null
  }
}

/** A campaign began to render */
export interface CampaignLaunchedEvent {
  type: 'campaign.launched'
  timestamp: string
  data: {
    campaign_id: string
    name: string
    status: string
    /** The caller's own key–value pairs */
    metadata: Record<string, string>
    plan_digest?: string
  }
}

/** Nothing new is bought or composed until it is resumed */
export interface CampaignPausedEvent {
  type: 'campaign.paused'
  timestamp: string
  data: {
    campaign_id: string
    name: string
    status: string
    /** The caller's own key–value pairs */
    metadata: Record<string, string>
    pause_reasons: ('user' | 'budget' | 'overrun')[]
  }
}

/** A reason to pause went away */
export interface CampaignResumedEvent {
  type: 'campaign.resumed'
  timestamp: string
  data: {
    campaign_id: string
    name: string
    status: string
    /** The caller's own key–value pairs */
    metadata: Record<string, string>
    pause_reasons: ('user' | 'budget' | 'overrun')[]
  }
}

/** Every variant has its outcome */
export interface CampaignCompletedEvent {
  type: 'campaign.completed'
  timestamp: string
  data: {
    campaign_id: string
    name: string
    status: string
    /** The caller's own key–value pairs */
    metadata: Record<string, string>
    /** As the campaign resource shows them */
    counts: Record<string, Record<string, number> | number>
    spend: {
      reserved_micro_usd: number
      spent_micro_usd: number
      saved_micro_usd: number
    }
    manifest_url?: string
    completed_at?: string
  }
}

/** A campaign was cancelled */
export interface CampaignCancelledEvent {
  type: 'campaign.cancelled'
  timestamp: string
  data: {
    campaign_id: string
    name: string
    status: string
    /** The caller's own key–value pairs */
    metadata: Record<string, string>
    /** As the campaign resource shows them */
    counts?: Record<string, Record<string, number> | number>
  }
}

/** The next clip does not fit into the budget: the campaign is paused */
export interface CampaignBudgetExhaustedEvent {
  type: 'campaign.budget_exhausted'
  timestamp: string
  data: {
    campaign_id: string
    name: string
    status: string
    /** The caller's own key–value pairs */
    metadata: Record<string, string>
    pause_reasons: ('user' | 'budget' | 'overrun')[]
    budget_micro_usd: number | null
    spend: {
      reserved_micro_usd: number
      spent_micro_usd: number
      saved_micro_usd: number
    }
  }
}

/** A provider billed more than was reserved: the campaign is paused */
export interface CampaignOverrunEvent {
  type: 'campaign.overrun'
  timestamp: string
  data: {
    campaign_id: string
    name: string
    status: string
    /** The caller's own key–value pairs */
    metadata: Record<string, string>
    pause_reasons: ('user' | 'budget' | 'overrun')[]
    budget_micro_usd: number | null
    spend: {
      reserved_micro_usd: number
      spent_micro_usd: number
      saved_micro_usd: number
    }
  }
}

/** All files of a variant are made and wait for approval */
export interface VariantInReviewEvent {
  type: 'variant.in_review'
  timestamp: string
  data: {
    variant_id: string
    /** Grows at every retry or change; there is one outcome per revision */
    revision: number
    campaign_id: string
    campaign: {
      id: string
      name: string
      /** The caller's own key–value pairs */
      metadata: Record<string, string>
    }
    segment_key: string
    locale: string
  }
}

/** A variant is finished, with every rendition */
export interface VariantReadyEvent {
  type: 'variant.ready'
  timestamp: string
  data: {
    variant_id: string
    /** Grows at every retry or change; there is one outcome per revision */
    revision: number
    campaign_id: string
    campaign: {
      id: string
      name: string
      /** The caller's own key–value pairs */
      metadata: Record<string, string>
    }
    segment_key: string
    locale: string
    renditions: {
      id: string
      format: string
      /** The video; the link outlives the whole retry schedule */
      url: string
      poster_url: string
      preview_url?: string | null
      sha256: string
      bytes: number
      seconds: number
      width: number
      height: number
      draft: boolean
    }[]
  }
}

/** A variant cannot be finished */
export interface VariantFailedEvent {
  type: 'variant.failed'
  timestamp: string
  data: {
    variant_id: string
    /** Grows at every retry or change; there is one outcome per revision */
    revision: number
    campaign_id: string
    campaign: {
      id: string
      name: string
      /** The caller's own key–value pairs */
      metadata: Record<string, string>
    }
    segment_key: string
    locale: string
    error: {
      code: string
      message: string
    }
  }
}

/** A reviewer rejected a variant */
export interface VariantRejectedEvent {
  type: 'variant.rejected'
  timestamp: string
  data: {
    variant_id: string
    /** Grows at every retry or change; there is one outcome per revision */
    revision: number
    campaign_id: string
    campaign: {
      id: string
      name: string
      /** The caller's own key–value pairs */
      metadata: Record<string, string>
    }
    segment_key: string
    locale: string
    reason: string
    note: string | null
  }
}

/** A variant and its files were erased */
export interface VariantErasedEvent {
  type: 'variant.erased'
  timestamp: string
  data: {
    variant_id: string
    /** Grows at every retry or change; there is one outcome per revision */
    revision: number
    campaign_id: string
    campaign: {
      id: string
      name: string
      /** The caller's own key–value pairs */
      metadata: Record<string, string>
    }
  }
}

/** A clip was bought and stored */
export interface GenerationReadyEvent {
  type: 'generation.ready'
  timestamp: string
  data: {
    generation_id: string
    /** The campaign that pays */
    campaign_id: string | null
    model: string
    cost_micro_usd: number
  }
}

/** A clip was not made */
export interface GenerationFailedEvent {
  type: 'generation.failed'
  timestamp: string
  data: {
    generation_id: string
    /** The campaign that pays */
    campaign_id: string | null
    model: string
    cost_micro_usd: number
    error: {
      code: string
      message: string
    }
  }
}

/** The answer to a paid request was lost; its money stays reserved until someone resolves it */
export interface GenerationUncertainEvent {
  type: 'generation.uncertain'
  timestamp: string
  data: {
    generation_id: string
    /** The campaign that pays */
    campaign_id: string | null
    model: string
    cost_micro_usd: number
    attempt_id?: string
    reserved_micro_usd?: number
  }
}

/** A model that campaigns depend on is about to end */
export interface ModelSunsetSoonEvent {
  type: 'model.sunset_soon'
  timestamp: string
  data: {
    model: string
    /** The first day on which nothing is submitted to it */
    sunset_on: string
    /** Which of the notices this is: 30, 7 or 1 days before */
    days: number
    campaign_ids: string[]
    template_ids: string[]
  }
}

/** An endpoint gets nothing more until it is enabled again */
export interface EndpointDisabledEvent {
  type: 'endpoint.disabled'
  timestamp: string
  data: {
    endpoint_id: string
    url: string
    reason: 'gone' | 'failing'
    failing_since: string | null
    cancelled_deliveries: number
  }
}

/** Sent on request, to one endpoint */
export interface EndpointTestEvent {
  type: 'endpoint.test'
  timestamp: string
  data: {
    endpoint_id: string
    url: string
  }
}

/** Event type → the body that is posted. */
export interface WebhookEvents {
  'campaign.planned': CampaignPlannedEvent
  'campaign.launched': CampaignLaunchedEvent
  'campaign.paused': CampaignPausedEvent
  'campaign.resumed': CampaignResumedEvent
  'campaign.completed': CampaignCompletedEvent
  'campaign.cancelled': CampaignCancelledEvent
  'campaign.budget_exhausted': CampaignBudgetExhaustedEvent
  'campaign.overrun': CampaignOverrunEvent
  'variant.in_review': VariantInReviewEvent
  'variant.ready': VariantReadyEvent
  'variant.failed': VariantFailedEvent
  'variant.rejected': VariantRejectedEvent
  'variant.erased': VariantErasedEvent
  'generation.ready': GenerationReadyEvent
  'generation.failed': GenerationFailedEvent
  'generation.uncertain': GenerationUncertainEvent
  'model.sunset_soon': ModelSunsetSoonEvent
  'endpoint.disabled': EndpointDisabledEvent
  'endpoint.test': EndpointTestEvent
}
