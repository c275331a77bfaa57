using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;

namespace Emulators.OpenRouter.Faults;

/// <summary>
/// Which calls are meant: all that is given must be found. Each text is looked for as it stands, whatever its case, or is a regular
/// expression between slashes as in <c>/^fix \d+/i</c>.
/// </summary>
[JsonConverter(typeof(FromText))]
public sealed record Match
{
    /// <summary>In the model's slug.</summary>
    public string? Model { get; init; }

    /// <summary>In the last message of the user.</summary>
    public string? User { get; init; }

    /// <summary>In the system messages.</summary>
    public string? System { get; init; }

    /// <summary>In the last message, when that is the result of a tool.</summary>
    public string? Tool { get; init; }

    /// <summary>In the path, such as <c>/models</c>. Without one only chat and embeddings are meant.</summary>
    public string? Path { get; init; }

    /// <summary>What is wrong with its expressions; null: nothing.</summary>
    internal string? Problem() => new[] { Model, User, System, Tool, Path }.Select(Pattern.Problem).FirstOrDefault(p => p is not null);

    /// <summary>Reads the short form too, a text alone, which is looked for in the last message of the user.</summary>
    sealed class FromText : JsonConverter<Match>
    {
        public override Match Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            if (reader.TokenType == JsonTokenType.String) return new Match { User = reader.GetString() };
            if (reader.TokenType != JsonTokenType.StartObject) throw new JsonException("match must be a text or an object.");
            var match = new Match();
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var name = reader.GetString();
                reader.Read();
                var text = reader.GetString();
                match = name switch
                {
                    "model" => match with { Model = text },
                    "user" => match with { User = text },
                    "system" => match with { System = text },
                    "tool" => match with { Tool = text },
                    "path" => match with { Path = text },
                    _ => throw new JsonException($"match has no {name}; it has model, user, system, tool and path."),
                };
            }
            return match;
        }

        public override void Write(Utf8JsonWriter writer, Match value, JsonSerializerOptions options)
        {
            writer.WriteStartObject();
            foreach (var (name, text) in new[] { ("model", value.Model), ("user", value.User), ("system", value.System), ("tool", value.Tool), ("path", value.Path) })
                if (text is not null) writer.WriteString(name, text);
            writer.WriteEndObject();
        }
    }
}

/// <summary>One text of a <see cref="Match"/>, ready to be looked for.</summary>
sealed class Pattern
{
    readonly string text;
    readonly Regex? expression;

    Pattern(string text) => (this.text, expression) = (text, Expression(text));

    public static Pattern? Of(string? text) => text is null ? null : new Pattern(text);

    public bool IsIn(string? where) => where is not null && (expression?.IsMatch(where) ?? where.Contains(text, StringComparison.OrdinalIgnoreCase));

    public static string? Problem(string? text)
    {
        try
        {
            if (text is not null) Expression(text);
            return null;
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            return $"{text} is no expression that can be used here: {e.Message}";
        }
    }

    // Without backtracking: a rules file cannot make a call take for ever.
    static Regex? Expression(string text)
    {
        var end = text.LastIndexOf('/');
        if (text.Length < 2 || text[0] != '/' || end == 0 || text[(end + 1)..] is not ("" or "i")) return null;
        return new Regex(text[1..end], RegexOptions.NonBacktracking | RegexOptions.CultureInvariant | (text.EndsWith('i') ? RegexOptions.IgnoreCase : 0));
    }
}
