using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Routing.Providers.Wire;

/// <summary>A piece of a tool call.</summary>
/// <param name="Index">Which of the calls of one answer; its position where the provider numbers none.</param>
public readonly record struct ToolCallDelta(int Index, string? Id, string? Name, string? Arguments)
{
    internal static ToolCallDelta Read(ref Utf8JsonReader json, int position)
    {
        var index = position;
        string? id = null, name = null, arguments = null;
        while (ChatChunk.Next(ref json))
        {
            if (ChatChunk.Is(ref json, "index"u8))
            {
                if (json.TokenType == JsonTokenType.Number && json.TryGetInt32(out var number)) index = number;
                else json.Skip();
            }
            else if (ChatChunk.Is(ref json, "id"u8)) id = ChatChunk.Said(ref json);
            else if (ChatChunk.Is(ref json, "function"u8))
            {
                if (json.TokenType != JsonTokenType.StartObject) json.Skip();
                else
                    while (ChatChunk.Next(ref json))
                        if (ChatChunk.Is(ref json, "name"u8)) name = ChatChunk.Said(ref json);
                        else if (ChatChunk.Is(ref json, "arguments"u8)) arguments = ArgumentsOf(ref json);
                        else ChatChunk.Pass(ref json);
            }
            else ChatChunk.Pass(ref json);
        }
        return new ToolCallDelta(index, id, name, arguments);
    }

    // Some servers send the object itself instead of its text.
    static string? ArgumentsOf(ref Utf8JsonReader json) =>
        json.TokenType == JsonTokenType.StartObject ? JsonElement.ParseValue(ref json).GetRawText() : ChatChunk.Said(ref json);
}

/// <summary>Puts tool calls together from their pieces.</summary>
public sealed class ToolCallAssembly
{
    readonly SortedDictionary<int, Pieces> calls = [];

    public bool IsEmpty => calls.Count == 0;

    public void Add(ToolCallDelta delta)
    {
        if (!calls.TryGetValue(delta.Index, out var pieces)) calls[delta.Index] = pieces = new Pieces();
        pieces.Id ??= delta.Id;
        pieces.Name ??= delta.Name;
        pieces.Arguments.Append(delta.Arguments);
    }

    /// <summary>Whose arguments are no JSON says so in its <c>Exception</c>.</summary>
    public IEnumerable<FunctionCallContent> Take()
    {
        foreach (var (index, call) in calls)
            yield return FunctionCallContent.CreateFromParsedArguments(call.Arguments.ToString(), call.Id ?? $"call_{index}", call.Name ?? "", Parse);
        calls.Clear();
    }

    static IDictionary<string, object?>? Parse(string arguments) => string.IsNullOrWhiteSpace(arguments) ? new Dictionary<string, object?>()
        : JsonSerializer.Deserialize<Dictionary<string, object?>>(arguments, AIJsonUtilities.DefaultOptions);

    sealed class Pieces
    {
        public string? Id { get; set; }
        public string? Name { get; set; }
        public StringBuilder Arguments { get; } = new();
    }
}
