/** [English, German] */
export const VIEW = {} as const;
