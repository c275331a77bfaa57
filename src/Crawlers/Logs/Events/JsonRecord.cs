using System.Text.Json;

namespace Crawlers.Logs.Events;

/// <summary>What of a JSON record matters, by the names that loggers and collectors give it. Reused for each line.</summary>
sealed class JsonRecord
{
    byte[] text = new byte[1024], stack = new byte[1024], fault = new byte[256], time = new byte[64], scratch = new byte[256];
    int textLength, stackLength, faultLength, timeLength, textRank;
    bool isDocker, isJournal;

    public ReadOnlySpan<byte> Text => text.AsSpan(0, textLength);

    public ReadOnlySpan<byte> Time => time.AsSpan(0, timeLength);

    public ulong Stream { get; private set; }

    public LogLevel Level { get; private set; }

    public bool IsPartial { get; private set; }

    public bool IsWhole { get; private set; }

    public void Clear()
    {
        textLength = stackLength = faultLength = timeLength = textRank = 0;
        (Stream, Level, IsPartial, IsWhole, isDocker, isJournal) = (0, LogLevel.Unknown, false, false, false, false);
    }

    /// <returns>False when it is no JSON object or has no message.</returns>
    public bool TryRead(ReadOnlySpan<byte> line)
    {
        Clear();
        try
        {
            var reader = new Utf8JsonReader(line, new JsonReaderOptions { MaxDepth = 16, CommentHandling = JsonCommentHandling.Disallow });
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return false;
            Members(ref reader, Place.Top);
            if (reader.BytesConsumed < line.Length && line[(int)reader.BytesConsumed..].IndexOfAnyExcept(" \t\r\n"u8) >= 0) return false;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException) // InvalidOperation: text that is no UTF-8
        {
            return false;
        }
        return Finish();
    }

    enum Place
    {
        Top,
        Error,
        Other,
    }

    void Members(ref Utf8JsonReader reader, Place place)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = NameOf(reader);
            reader.Read();
            switch (reader.TokenType)
            {
                case JsonTokenType.StartObject when place == Place.Top && name == Member.Text:
                    Body(ref reader);
                    break;
                case JsonTokenType.StartObject:
                    Members(ref reader, name is Member.Fault or Member.Stack ? Place.Error : place == Place.Top && name == Member.Nested ? Place.Top : Place.Other);
                    break;
                case JsonTokenType.StartArray when name == Member.JournalText:
                    Bytes(ref reader);
                    break;
                case JsonTokenType.StartArray:
                    reader.Skip();
                    break;
                case JsonTokenType.String or JsonTokenType.Number when place != Place.Other:
                    Take(ref reader, place == Place.Error && name == Member.Text ? Member.FaultText : name);
                    break;
            }
        }
    }

    enum Member
    {
        None,
        Text,
        DockerText,
        JournalText,
        Template,
        Level,
        OtelSeverity,
        Priority,
        Time,
        Stream,
        Unit,
        Stack,
        Fault,
        FaultText,
        Nested,
    }

    static Member NameOf(in Utf8JsonReader reader)
    {
        var name = reader.ValueSpan;
        return name.Length switch
        {
            2 when name.SequenceEqual("@m"u8) => Member.Text,
            2 when name.SequenceEqual("@l"u8) => Member.Level,
            2 when name.SequenceEqual("@t"u8) || name.SequenceEqual("ts"u8) => Member.Time,
            2 when name.SequenceEqual("@x"u8) => Member.Stack,
            3 when name.SequenceEqual("@mt"u8) => Member.Template,
            3 when name.SequenceEqual("msg"u8) => Member.Text,
            3 when name.SequenceEqual("log"u8) => Member.DockerText,
            3 when name.SequenceEqual("lvl"u8) => Member.Level,
            3 when name.SequenceEqual("err"u8) => Member.Fault,
            4 when name.SequenceEqual("time"u8) => Member.Time,
            4 when name.SequenceEqual("text"u8) || name.SequenceEqual("body"u8) || name.SequenceEqual("Body"u8) => Member.Text,
            4 when name.SequenceEqual("_PID"u8) => Member.Unit,
            5 when name.SequenceEqual("level"u8) || name.SequenceEqual("Level"u8) => Member.Level,
            5 when name.SequenceEqual("stack"u8) => Member.Stack,
            5 when name.SequenceEqual("error"u8) => Member.Fault,
            5 when name.SequenceEqual("event"u8) => Member.Text,
            6 when name.SequenceEqual("stream"u8) => Member.Stream,
            7 when name.SequenceEqual("message"u8) || name.SequenceEqual("Message"u8) => Member.Text,
            7 when name.SequenceEqual("MESSAGE"u8) => Member.JournalText,
            8 when name.SequenceEqual("severity"u8) || name.SequenceEqual("loglevel"u8) || name.SequenceEqual("LogLevel"u8) => Member.Level,
            8 when name.SequenceEqual("PRIORITY"u8) => Member.Priority,
            8 when name.SequenceEqual("exc_info"u8) => Member.Stack,
            9 when name.SequenceEqual("levelname"u8) || name.SequenceEqual("log.level"u8) => Member.Level,
            9 when name.SequenceEqual("timestamp"u8) || name.SequenceEqual("Timestamp"u8) => Member.Time,
            9 when name.SequenceEqual("exception"u8) || name.SequenceEqual("Exception"u8) || name.SequenceEqual("traceback"u8) => Member.Stack,
            9 when name.SequenceEqual("logRecord"u8) => Member.Nested,
            10 when name.SequenceEqual("@timestamp"u8) => Member.Time,
            10 when name.SequenceEqual("stacktrace"u8) || name.SequenceEqual("stackTrace"u8) => Member.Stack,
            11 when name.SequenceEqual("stack_trace"u8) || name.SequenceEqual("error.stack"u8) => Member.Stack,
            12 when name.SequenceEqual("timeUnixNano"u8) => Member.Time,
            12 when name.SequenceEqual("severityText"u8) || name.SequenceEqual("SeverityText"u8) => Member.Level,
            13 when name.SequenceEqual("severity_text"u8) => Member.Level,
            13 when name.SequenceEqual("_SYSTEMD_UNIT"u8) => Member.Unit,
            14 when name.SequenceEqual("severityNumber"u8) || name.SequenceEqual("SeverityNumber"u8) => Member.OtelSeverity,
            17 when name.SequenceEqual("SYSLOG_IDENTIFIER"u8) || name.SequenceEqual("error.stack_trace"u8) => name[0] == (byte)'S' ? Member.Unit : Member.Stack,
            20 when name.SequenceEqual("__REALTIME_TIMESTAMP"u8) => Member.Time,
            20 when name.SequenceEqual("exception.stacktrace"u8) => Member.Stack,
            _ => Member.None,
        };
    }

    void Take(ref Utf8JsonReader reader, Member member)
    {
        switch (member)
        {
            case Member.Template:
                Message(ref reader, rank: 4);
                break;
            case Member.Text:
                Message(ref reader, rank: reader.ValueSpan.Length == 0 ? 0 : 3);
                break;
            case Member.DockerText:
                isDocker = true;
                Message(ref reader, rank: 1);
                break;
            case Member.JournalText:
                isJournal = true;
                Message(ref reader, rank: 2);
                break;
            case Member.Level when Level == LogLevel.Unknown || reader.TokenType == JsonTokenType.String:
                var value = Value(ref reader);
                Level = reader.TokenType == JsonTokenType.Number ? int.TryParse(value, out var number) ? LogLevels.OfNumber(number) : Level : Named(value, Level);
                break;
            case Member.OtelSeverity when Level == LogLevel.Unknown && int.TryParse(Value(ref reader), out var severity):
                Level = LogLevels.OfOpenTelemetry(severity);
                break;
            case Member.Priority when int.TryParse(Value(ref reader), out var priority):
                isJournal = true;
                Level = LogLevels.OfSyslog(priority);
                break;
            case Member.Time:
                timeLength = Copy(ref reader, ref time, 0);
                break;
            case Member.Stream or Member.Unit:
                Stream = (Stream * 31) + Hash(Value(ref reader));
                break;
            case Member.Stack when stackLength == 0 && reader.TokenType == JsonTokenType.String:
                stackLength = Copy(ref reader, ref stack, 0);
                break;
            case Member.Fault or Member.FaultText when faultLength == 0 && reader.TokenType == JsonTokenType.String:
                faultLength = Copy(ref reader, ref fault, 0);
                break;
        }
    }

    static LogLevel Named(ReadOnlySpan<byte> word, LogLevel before) => LogLevels.OfWord(word) is var level and not LogLevel.Unknown ? level : word.Length == 1 && LogLevels.OfLetter(word[0]) is var letter and not LogLevel.Unknown ? letter : before;

    void Message(ref Utf8JsonReader reader, int rank)
    {
        if (rank <= textRank) return;
        textRank = rank;
        textLength = Copy(ref reader, ref text, 0);
    }

    // OpenTelemetry's body: {"stringValue": "…"}
    void Body(ref Utf8JsonReader reader)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isText = reader.ValueSpan.SequenceEqual("stringValue"u8);
            reader.Read();
            if (isText && reader.TokenType == JsonTokenType.String) Message(ref reader, rank: 3);
            else reader.Skip();
        }
    }

    // journald writes a message that is no UTF-8 as a list of numbers
    void Bytes(ref Utf8JsonReader reader)
    {
        isJournal = true;
        textLength = 0;
        textRank = 2;
        while (reader.Read() && reader.TokenType == JsonTokenType.Number)
        {
            if (textLength == text.Length) Array.Resize(ref text, text.Length * 2);
            text[textLength++] = reader.TryGetByte(out var b) ? b : (byte)'?';
        }
    }

    ReadOnlySpan<byte> Value(ref Utf8JsonReader reader)
    {
        if (!reader.ValueIsEscaped) return reader.ValueSpan;
        var length = Copy(ref reader, ref scratch, 0);
        return scratch.AsSpan(0, length);
    }

    static int Copy(ref Utf8JsonReader reader, ref byte[] to, int at)
    {
        var raw = reader.ValueSpan.Length;
        if (to.Length < at + raw) Array.Resize(ref to, Math.Max(at + raw, to.Length * 2));
        if (reader.TokenType == JsonTokenType.String) return at + reader.CopyString(to.AsSpan(at));
        reader.ValueSpan.CopyTo(to.AsSpan(at));
        return at + raw;
    }

    /// <summary>For records that are no JSON: takes what was found elsewhere.</summary>
    public void Set(ReadOnlySpan<byte> message, ReadOnlySpan<byte> problem, LogLevel level, ReadOnlySpan<byte> when)
    {
        Clear();
        Put(message, ref text, ref textLength);
        Put(problem, ref fault, ref faultLength);
        Put(when, ref time, ref timeLength);
        Level = level;
        textRank = 3;
        Finish();
    }

    static void Put(ReadOnlySpan<byte> what, ref byte[] to, ref int length)
    {
        if (to.Length < what.Length) to = new byte[what.Length];
        what.CopyTo(to);
        length = what.Length;
    }

    bool Finish()
    {
        if (textRank == 0 && stackLength == 0 && faultLength == 0) return false;
        isDocker &= textRank == 1;
        IsWhole = !isDocker && !isJournal;
        if (isDocker)
        {
            if (textLength > 0 && text[textLength - 1] == (byte)'\n') textLength--;
            else IsPartial = true;
            if (textLength > 0 && text[textLength - 1] == (byte)'\r') textLength--;
        }
        if (!IsWhole) return true;
        if (faultLength > 0 && stackLength == 0) Append(textLength > 0 ? " error="u8 : default, fault.AsSpan(0, faultLength));
        if (stackLength > 0) Append(textLength > 0 ? "\n"u8 : default, stack.AsSpan(0, stackLength));
        return true;
    }

    void Append(ReadOnlySpan<byte> between, ReadOnlySpan<byte> what)
    {
        var length = textLength + between.Length + what.Length;
        if (text.Length < length) Array.Resize(ref text, Math.Max(length, text.Length * 2));
        between.CopyTo(text.AsSpan(textLength));
        what.CopyTo(text.AsSpan(textLength + between.Length));
        textLength = length;
    }

    static ulong Hash(ReadOnlySpan<byte> value)
    {
        var hash = 14695981039346656037UL;
        foreach (var b in value) hash = (hash ^ b) * 1099511628211UL;
        return hash;
    }
}
