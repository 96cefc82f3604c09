#include "file_latents.h"

#include <stdio.h>
#include <stdlib.h>

#include "tfcomp/tables_file.h"
#ifdef HAVE_LITERT
#include "litert_entropy.h"
#endif

static tfcomp_tables *read_tables(const char *folder, const char *section)
{
    size_t length;
    uint8_t *npz = read_file(folder, "tables.npz", &length);
    tfcomp_tables *tables;
    tfcomp_status status = tfcomp_tables_read(npz, length, section, &tables);

    free(npz);
    if (status != TFCOMP_OK)
        quit("tables.npz", tfcomp_status_text(status));
    return tables;
}

#ifdef HAVE_LITERT
static tfcomp_status decode_hyperprior(const char *folder, const bundle_manifest *manifest,
                                       const tfcomp_container *image, const tfcomp_tables *tables,
                                       uint32_t height, uint32_t width, int32_t *latents)
{
    tfcomp_tables *hyper_tables = read_tables(folder, "hyper_latents");
    tfcomp_hyperprior_networks networks;
    tfcomp_status status;
    char path[4096];

    snprintf(path, sizeof path, "%s/entropy.tflite", folder);
    open_entropy_networks(path, &manifest->hyperprior, &networks);
    status = tfcomp_decode_hyperprior(hyper_tables, tables, &manifest->hyperprior, &networks,
                                      image->sections[0].bytes, image->sections[0].length,
                                      image->sections[1].bytes, image->sections[1].length,
                                      image->quality, height, width, latents);
    close_entropy_networks(&networks);
    tfcomp_tables_free(hyper_tables);
    return status;
}
#else
static tfcomp_status decode_hyperprior(const char *folder, const bundle_manifest *manifest,
                                       const tfcomp_container *image, const tfcomp_tables *tables,
                                       uint32_t height, uint32_t width, int32_t *latents)
{
    (void)manifest, (void)image, (void)tables, (void)height, (void)width, (void)latents;
    quit(folder, "its hyperprior's networks need LiteRT: build with -DLITERT_LIBRARY=...");
    return TFCOMP_BAD_ARGUMENT;
}
#endif

int32_t *read_latents(const char *folder, const bundle_manifest *manifest,
                      const tfcomp_container *image, uint32_t height, uint32_t width)
{
    size_t n = (size_t)height * width * manifest->channels, length = image->sections[0].length;
    const uint8_t *section = image->sections[0].bytes;
    tfcomp_tables *tables = read_tables(folder, "latents");
    int32_t *latents = (int32_t *)malloc(n * sizeof *latents);
    tfcomp_status status = TFCOMP_NO_MEMORY;

    if (latents != NULL && manifest->kind == HYPERPRIOR)
        status = decode_hyperprior(folder, manifest, image, tables, height, width, latents);
    else if (latents != NULL && manifest->kind == BITS)
        status = tfcomp_decode_bits(tables, &manifest->bits, section, length, image->quality,
                                    height, width, latents);
    else if (latents != NULL)
        status = tfcomp_decode_factorized(tables, section, length, image->quality, height, width,
                                          manifest->channels, latents);
    if (status != TFCOMP_OK)
        quit("the latents", tfcomp_status_text(status));
    tfcomp_tables_free(tables);
    return latents;
}
