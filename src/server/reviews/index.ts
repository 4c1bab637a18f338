export { createReviews, type Review, type ReviewDeps, type ReviewScope } from './reviews.ts';
