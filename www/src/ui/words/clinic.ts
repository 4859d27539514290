/** [English, German] */
export const CLINIC = {} as const;
