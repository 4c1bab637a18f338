export { createServiceAllocator, type ServiceAllocatorDeps } from './service-allocator.ts';
