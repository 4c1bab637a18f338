/**
 * The program that holds a pod's namespaces, as an image made on the spot: nothing is downloaded or compiled. It ignores
 * SIGCHLD, by which the kernel reaps orphans of a shared process namespace, and then waits for ever.
 */
import { buildImageArchive } from './image-archive.ts';

export const PAUSE_IMAGE = 'localhost/kedge/pause:1';

const HEADERS = 64 + 56;
const BASE = 0x400000;
/** struct sigaction of the kernel: handler SIG_IGN, no flags, no restorer, no mask. */
const SIGACTION = [1, ...Array<number>(31).fill(0)];

const le32 = (value: number): number[] => [
  value & 255,
  (value >>> 8) & 255,
  (value >>> 16) & 255,
  (value >>> 24) & 255,
];

function amd64Code(): number[] {
  const tail = [
    ...[0x31, 0xd2], // xor edx, edx
    ...[0x41, 0xba, ...le32(8)], // mov r10d, 8 (bytes of a signal mask)
    ...[0x0f, 0x05], // syscall: rt_sigaction
    ...[0xb8, ...le32(34)], // mov eax, pause
    ...[0x0f, 0x05],
    ...[0xeb, 0xf7], // back to the mov
  ];
  return [
    ...[0xb8, ...le32(13)], // mov eax, rt_sigaction
    ...[0xbf, ...le32(17)], // mov edi, SIGCHLD
    ...[0x48, 0x8d, 0x35, ...le32(tail.length)], // lea rsi, [after the code]
    ...tail,
    ...SIGACTION,
  ];
}

function arm64Code(): number[] {
  const mov = (register: number, value: number): number => 0xd2800000 + value * 32 + register;
  const svc = 0xd4000001;
  const words = [
    mov(8, 134), // rt_sigaction
    mov(0, 17), // SIGCHLD
    0, // adr x1, SIGACTION: filled in below
    mov(2, 0),
    mov(3, 8),
    svc,
    mov(0, 0),
    mov(1, 0),
    mov(2, 0),
    mov(3, 0),
    mov(4, 0),
    mov(8, 73), // ppoll
    svc,
    0x14000000 + (0x4000000 - 7), // b to the first mov of ppoll
  ];
  words[2] = 0x10000001 + (words.length - 2) * 32;
  return [...words.flatMap(le32), ...SIGACTION];
}

/** A static ELF program of one segment. */
export function pauseProgram(architecture: 'amd64' | 'arm64'): Uint8Array {
  const code = architecture === 'amd64' ? amd64Code() : arm64Code();
  const size = HEADERS + code.length;
  const elf = Buffer.alloc(size);
  elf.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1], 0);
  elf.writeUInt16LE(2, 16);
  elf.writeUInt16LE(architecture === 'amd64' ? 62 : 183, 18);
  elf.writeUInt32LE(1, 20);
  elf.writeBigUInt64LE(BigInt(BASE + HEADERS), 24);
  elf.writeBigUInt64LE(64n, 32);
  elf.writeUInt16LE(64, 52);
  elf.writeUInt16LE(56, 54);
  elf.writeUInt16LE(1, 56);
  elf.writeUInt16LE(64, 58);
  elf.writeUInt32LE(1, 64);
  elf.writeUInt32LE(5, 68);
  for (const at of [80, 88]) elf.writeBigUInt64LE(BigInt(BASE), at);
  for (const at of [96, 104]) elf.writeBigUInt64LE(BigInt(size), at);
  elf.writeBigUInt64LE(0x1000n, 112);
  elf.set(code, HEADERS);
  return elf;
}

/** The archive to import into containerd. */
export function pauseArchive(architecture: 'amd64' | 'arm64'): Promise<Uint8Array> {
  const content = pauseProgram(architecture);
  const files = [{ path: 'pause', content, mode: 0o755 }];
  return buildImageArchive({
    reference: PAUSE_IMAGE,
    files,
    entrypoint: ['/pause'],
    user: '65535:65535',
    architecture,
  });
}
