/* From the sections of a file to latents, by the bundle's kind of entropy model. */

#ifndef FILE_LATENTS_H
#define FILE_LATENTS_H

#include "bundle_folder.h"

/* Latents int32 [height, width, channels], to be given to free(). Quits where the file is damaged,
   and where its bundle has a hyperprior and the program was built without LiteRT. */
int32_t *read_latents(const char *folder, const bundle_manifest *manifest,
                      const tfcomp_container *image, uint32_t height, uint32_t width);

#endif
