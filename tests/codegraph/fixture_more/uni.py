def größe(n):
    return n
π = "𝄞é"; x = größe(3); y = größe(len("𝄞"))
