namespace Crawlers.Logs.Events;

/// <summary>One stream of a source: the event that is open in it, and what its heads look like.</summary>
sealed partial class EventStream
{
    const int SureAfter = 8;

    readonly byte[] time = new byte[40];
    byte[] text = new byte[256];
    byte[] partial = [];
    long[] lines = new long[4];
    int length, lastLineStart, lineCount, partialLength, blankStart, timeLength, headsTimed, headsNamed, loose;

    public Header Header { get; private set; }

    public LogLevel Level { get; private set; }

    public bool IsOpen { get; private set; }

    /// <summary>A trace has begun in the open event.</summary>
    public bool HasTrace { get; private set; }

    /// <summary>A traceback of Python has begun, and the line with its exception has not come.</summary>
    public bool AwaitsException { get; private set; }

    /// <summary>The last line that was no blank announced another trace: "The above exception was the direct cause …".</summary>
    public bool AnnouncesTrace { get; private set; }

    public bool IsWhole { get; private set; }

    public int LineCount => lineCount;

    /// <summary>When the last line came, in ticks of the caller's clock.</summary>
    public long LastSeen { get; set; }

    /// <summary>Heads are known, and lines without one are not the rule.</summary>
    public bool HasHeads => headsTimed + headsNamed > loose / 4;

    public ReadOnlySpan<byte> Text => text.AsSpan(0, length);

    public bool IsMultiLine { get; private set; }

    /// <summary>Whether a line that looks like a head is one here: where all heads have had a time, a line with a level alone is part of a message.</summary>
    public bool Accepts(in Header head)
    {
        if (head.HasTime || headsTimed < SureAfter || headsNamed > 0) return true;
        return loose > headsTimed;
    }

    public void Learn(in Header head)
    {
        if (head.HasTime) headsTimed++;
        else headsNamed++;
    }

    /// <summary>Takes in what a line of the open event is in a trace.</summary>
    public void Note(TraceMark mark)
    {
        AnnouncesTrace = mark == TraceMark.Announcement;
        HasTrace |= mark is not (TraceMark.None or TraceMark.Exception);
        if (mark is TraceMark.Traceback or TraceMark.Caret) AwaitsException = true;
        else if (mark == TraceMark.Exception) AwaitsException = false;
    }

    /// <summary>A line without head began an event or went on with one that has no trace.</summary>
    public void LearnLoose() => loose++;

    public void Begin(in UnwrappedLine line, in Header header, long number, long now)
    {
        IsOpen = true;
        HasTrace = AnnouncesTrace = AwaitsException = IsMultiLine = false;
        IsWhole = line.IsWhole;
        Header = header;
        Level = header.Level != LogLevel.Unknown ? header.Level : line.Level;
        length = lineCount = blankStart = 0;
        timeLength = Math.Min(line.Time.Length, time.Length);
        line.Time[..timeLength].CopyTo(time);
        Put(line.Text);
        IsMultiLine = line.IsEnveloped && line.Text.Contains((byte)'\n');
        TakeNumbers();
        if (number > 0) Number(number);
        LastSeen = now;
    }

    /// <param name="maxBytes">What is beyond is counted as a line and not kept.</param>
    public void Append(ReadOnlySpan<byte> line, long number, int maxBytes, long now)
    {
        blankStart = 0;
        IsMultiLine = true;
        LastSeen = now;
        Number(number);
        if (lineCount > 2 && line.SequenceEqual(text.AsSpan(lastLineStart, length - lastLineStart))) return; // recursion: the same frame again
        if (length + line.Length + 1 > maxBytes) return;
        Grow(1);
        text[length++] = (byte)'\n';
        Put(line);
    }

    /// <summary>Blank lines belong to the event only when more of it follows.</summary>
    public void AppendBlank(long number)
    {
        if (blankStart == 0) blankStart = lineCount;
        Number(number);
    }

    /// <summary>Keeps the first part of a line that the collector has cut.</summary>
    public void Keep(ReadOnlySpan<byte> part, int maxBytes)
    {
        if (partialLength + part.Length > maxBytes) part = part[..(maxBytes - partialLength)];
        if (partial.Length < partialLength + part.Length) Array.Resize(ref partial, Math.Max(partialLength + part.Length, partial.Length * 2));
        part.CopyTo(partial.AsSpan(partialLength));
        partialLength += part.Length;
    }

    public bool HasPartial => partialLength > 0;

    public ReadOnlySpan<byte> TakePartial()
    {
        var whole = partial.AsSpan(0, partialLength);
        partialLength = 0;
        return whole;
    }

    /// <summary>The numbers of the parts of a line that was cut, which are not yet those of an event.</summary>
    public List<long> PartialNumbers { get; } = [];

    /// <summary>Counts the parts of the line that is added next among the lines of the event.</summary>
    public void TakeNumbers()
    {
        foreach (var number in PartialNumbers) Number(number);
        PartialNumbers.Clear();
    }

    public void Close(TakeEvent take)
    {
        if (!IsOpen) return;
        IsOpen = false;
        var count = blankStart > 0 ? blankStart : lineCount;
        take(new AssembledEvent { Text = Text, Header = Header, Level = Level, Lines = lines.AsSpan(0, count), EnvelopeTime = time.AsSpan(0, timeLength), IsMultiLine = IsMultiLine });
        if (text.Length > 64 * 1024) text = new byte[256]; // one huge event must not keep its memory
        if (lines.Length > 1024) lines = new long[4];
        if (partial.Length > 16 * 1024 && partialLength == 0) partial = [];
    }

    void Put(ReadOnlySpan<byte> line)
    {
        Grow(line.Length);
        lastLineStart = length;
        line.CopyTo(text.AsSpan(length));
        length += line.Length;
    }

    void Grow(int by)
    {
        if (text.Length < length + by) Array.Resize(ref text, Math.Max(length + by, text.Length * 2));
    }

    void Number(long number)
    {
        if (lineCount == lines.Length) Array.Resize(ref lines, lines.Length * 2);
        lines[lineCount++] = number;
    }
}
