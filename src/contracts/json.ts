/** What may be kept in a jsonb column or travel in a message. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined }
