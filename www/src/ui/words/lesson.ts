/** [English, German] */
export const LESSON = {} as const;
