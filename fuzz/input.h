/* What a target takes, piece by piece, from the bytes that it is given. */

#ifndef FUZZ_INPUT_H
#define FUZZ_INPUT_H

#include <stddef.h>
#include <stdint.h>

/* Past the end there are zeros. */
typedef struct {
    const uint8_t *at;
    size_t left;
} input;

/* What libFuzzer and replay.c call; 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);

/* What replay.c calls after the last input: nothing, unless a program has one of its own. */
void end_of_inputs(void);

uint32_t take_u8(input *in);
uint32_t take_u16(input *in); /* little-endian, as is take_u32 */
uint32_t take_u32(input *in);

/* From low to high, which lie 255 apart at most: one byte. */
uint32_t take_between(input *in, uint32_t low, uint32_t high);

/* Any number, the small ones most often. */
uint32_t take_hostile(input *in);

/* The next `length` bytes or what is left of them, in memory of their own, so that a read past
   their end is seen; to be given to free(). */
uint8_t *take_bytes(input *in, size_t *length);

/* Memory for n elements, to be given to free(); ends the program where there is none. */
void *room_for(size_t n, size_t size);

/* How many inputs were read to their end: to see that a corpus goes deep. */
extern unsigned long sound_inputs;

/* Ends the program, as a crash, unless what must hold holds. */
void must(int holds, const char *what);

#endif
