export { answerJoin, type JoinDeps, type JoinRequest, type NodeCredential } from './join.ts';
