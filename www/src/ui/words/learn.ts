/** [English, German] */
export const LEARN = {} as const;
