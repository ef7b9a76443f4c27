/** Frames of a full block of samples: `BLOCK_FRAMES` of `plane.rs`. */
export const BLOCK_FRAMES = 4096;
