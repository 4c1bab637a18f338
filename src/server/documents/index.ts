/** Documents about the API itself, as pure functions of the kinds. */
export {
  type APIGroup,
  type APIResource,
  type APIResourceList,
  aggregatedDiscovery,
  coreVersions,
  type DiscoveredGroup,
  groupDocument,
  groupList,
  resourceList,
} from './discovery.ts';
export { createOpenApiDocuments, type OpenApiDocuments } from './openapi.ts';
