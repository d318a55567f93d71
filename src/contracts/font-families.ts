/**
 * Families that ship with the service and that a brand may name; anything else in `brand.fonts` is the sha256 of an
 * uploaded font, whose file is given with the assets. Other scripts and emoji are always there as fallbacks.
 */
export const shippedFontFamilies = ['Inter', 'Noto Sans'] as const
export type ShippedFontFamily = (typeof shippedFontFamilies)[number]
