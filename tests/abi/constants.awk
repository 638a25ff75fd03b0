# SPDX-License-Identifier: MIT
#
# Writes a C file that holds the value of each name of constants.txt as the compiler sees it, beside
# the one it must have.  awk -v drafts=with|without -f constants.awk constants.txt

function table(name, type, rows, terminator) {
    printf "static const %s%s[] = {\n%s    %s,\n};\n\n", type, name, rows, terminator
}

BEGIN {
    print "/* SPDX-License-Identifier: MIT */"
    print "/* Written by constants.awk. */"
    print "#undef ZMQ_BUILD_DRAFT_API"
    if (drafts == "with")
        print "#define ZMQ_BUILD_DRAFT_API 1"
    print "#include <zmq.h>"
    print "#include \"abi/abi.h\"\n"
}

/^#/ || NF == 0 { next }

NF != 3 || ($3 != "stable" && $3 != "draft") {
    printf "%s:%d: cannot be read\n", FILENAME, FNR > "/dev/stderr"
    failed = 1
    exit 1
}

$3 == "draft" && drafts != "with" {
    visible = visible "#ifdef " $1 "\n    \"" $1 "\",\n#endif\n"
    next
}

$2 ~ /^"/ { texts = texts "    {\"" $1 "\", " $1 ", " $2 "},\n"; n_texts++; next }

{ numbers = numbers "    {\"" $1 "\", " $1 ", " $2 "},\n"; n_numbers++ }

END {
    if (failed)
        exit 1
    table("numbers", "struct abi_number ", numbers, "{NULL, 0, 0}")
    table("texts", "struct abi_text ", texts, "{NULL, NULL, NULL}")
    table("visible", "char *const ", visible, "NULL")
    printf "const struct abi_table abi_%s_drafts = {numbers, %d, texts, %d, visible};\n", drafts,
        n_numbers, n_texts
}
