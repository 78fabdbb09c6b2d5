import * as z from 'zod';

/** When something became public, to the month. */
export const monthSchema = z.string().regex(/^\d{4}-(0[1-9]|1[0-2])$/, 'It must be a month such as 2025-02');

/** Whether a model may have been trained on a set of problems: it came out in the month of the set or later. */
export const mayHaveSeen = (modelReleased: string, setReleased: string): boolean => setReleased <= modelReleased;
