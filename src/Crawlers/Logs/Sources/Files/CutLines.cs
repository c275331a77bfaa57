namespace Crawlers.Logs.Sources.Files;

/// <summary>Finds whole lines in a block of a file, many at once: it looks at the ends of lines only where a line could be too long.</summary>
static class CutLines
{
    /// <param name="Start">Where the lines begin in the block.</param>
    /// <param name="End">Where they end.</param>
    /// <param name="LacksEnd">A line end belongs at <paramref name="End"/>: the last line was cut, or is not ended in the file.</param>
    /// <param name="Consumed">Where to go on.</param>
    /// <param name="DroppedBytes">Of lines that were too long.</param>
    public readonly record struct Cut(int Start, int End, bool LacksEnd, int Consumed, long DroppedBytes);

    /// <summary>Takes lines up to the first that is too long, with its first part.</summary>
    /// <param name="isSkipping">The block begins, or ends, within a line that was too long.</param>
    /// <param name="isOpenEnded">The last line given was not ended in the file; a line end that comes first is its.</param>
    /// <param name="isLast">What lacks a line end is given as a line, too.</param>
    public static Cut Run(ReadOnlySpan<byte> block, int maxLineBytes, ref bool isSkipping, ref bool isOpenEnded, bool isLast)
    {
        var at = 0;
        long dropped = 0;
        if (block.IsEmpty) return default;
        if (isOpenEnded && !isSkipping && block[0] == (byte)'\n') at++;
        isOpenEnded = false;
        if (isSkipping)
        {
            var end = block.IndexOf((byte)'\n');
            if (end < 0) return new Cut(0, 0, false, block.Length, block.Length);
            isSkipping = false;
            dropped = end;
            at = end + 1;
        }
        var start = at;
        while (true)
        {
            var window = block[at..Math.Min(block.Length, at + maxLineBytes + 1)];
            var end = window.LastIndexOf((byte)'\n');
            if (end >= 0)
            {
                at += end + 1;
                continue;
            }
            if (window.Length <= maxLineBytes) break;
            var rest = block[(at + maxLineBytes)..];
            end = rest.IndexOf((byte)'\n');
            isSkipping = end < 0;
            return new Cut(start, at + maxLineBytes, true, end < 0 ? block.Length : at + maxLineBytes + end + 1, dropped + (end < 0 ? rest.Length : end));
        }
        if (!isLast || at == block.Length) return new Cut(start, at, false, at, dropped);
        isOpenEnded = true;
        return new Cut(start, block.Length, true, block.Length, dropped);
    }
}
