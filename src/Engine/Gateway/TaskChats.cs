using System.Runtime.CompilerServices;
using Engine.Tasks;
using Microsoft.Extensions.AI;
using Routing.Calls;

namespace Engine.Gateway;

/// <summary>
/// Chat clients for handlers: what they ask is routed, held against budgets and recorded as this task's, and each answer and each failure
/// is a line of its timeline. Without a wish the policy is the one of tasks of this kind.
/// </summary>
public sealed class TaskChats(RoutedChatFactory chats, TimeProvider time)
{
    /// <param name="context">Of the attempt: its chat ends with it.</param>
    /// <param name="tenant">Whose budgets count besides; null: nobody's.</param>
    public IChatClient For(TaskContext context, RouteWish? wish = null, string? tenant = null)
    {
        var origin = new CallOrigin(Guid.CreateVersion7(time.GetUtcNow()), context.TaskId, context.Epoch, context.Kind, tenant, context.Worker);
        wish ??= new RouteWish();
        return new NotedChat(chats.For(origin, wish.TaskType is null ? wish with { TaskType = context.Kind } : wish), context);
    }

    sealed class NotedChat(IChatClient chat, TaskContext context) : DelegatingChatClient(chat)
    {
        public override async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
        {
            try
            {
                var response = await base.GetResponseAsync(messages, options, cancellationToken);
                await AnsweredAsync(RoutedAnswer.Of(response.AdditionalProperties), cancellationToken);
                return response;
            }
            catch (Exception e) when (IsOfRouting(e))
            {
                await FailedAsync(e, cancellationToken);
                throw;
            }
        }

        public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null,
            [EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            await using var updates = base.GetStreamingResponseAsync(messages, options, cancellationToken).GetAsyncEnumerator(cancellationToken);
            while (true)
            {
                try
                {
                    if (!await updates.MoveNextAsync()) yield break;
                }
                catch (Exception e) when (IsOfRouting(e))
                {
                    await FailedAsync(e, cancellationToken);
                    throw;
                }
                if (RoutedAnswer.Of(updates.Current.AdditionalProperties) is { } answer) await AnsweredAsync(answer, cancellationToken);
                yield return updates.Current;
            }
        }

        Task AnsweredAsync(RoutedAnswer? answer, CancellationToken ct) => answer is null ? Task.CompletedTask : context.NoteAsync("model_answered", new
        {
            answer.SelectionId, answer.Policy, answer.Provider, answer.Model, answer.CostUsd, answer.IsCostEstimated, seconds = Math.Round(answer.Latency.TotalSeconds, 3), answer.Attempts,
        }, ct);

        Task FailedAsync(Exception e, CancellationToken ct) => context.NoteAsync("model_failed", new { reason = e.Message }, ct);

        static bool IsOfRouting(Exception e) => e is BudgetExceededException or NoModelException or ChatFailedException or ChatCutException;
    }
}
