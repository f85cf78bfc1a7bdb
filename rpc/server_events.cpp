#include "rpc/server_events.h"

#include <string_view>
#include <utility>
#include <vector>

#include "rpc/server_answers.h"
#include "rpc/views.h"

namespace rpc {

void EventEdge::handle(const pool::HttpRequest& request, const std::string& host, Respond respond)
{
    const bool of_account = segments(request.path).size() > 3;
    const auto ask = [this](AnswerCache::Take take) {
        view_.pool_info(rendered<PoolInfo>(std::move(take), public_pool_json));
    };
    answers_.get("pool", view_.generation(), host, ask,
                 [this, alive = std::weak_ptr{life_}, request, host, of_account,
                  respond = std::move(respond)](const pool::Result<AnswerPtr>& answer) {
                     if (alive.expired()) return;
                     if (!answer) return respond(api_error(answer.error()));
                     const std::string told = event_text("pool", (*answer)->body);
                     if (!of_account) return respond(event_response(told));
                     accounts_.user(request, segments(request.path), host,
                                    [told, respond](pool::HttpResponse response) {
                                        if (response.content_type == event_stream_type) {
                                            response.body.insert(0, told);
                                        }
                                        respond(std::move(response));
                                    });
                 });
}

}  // namespace rpc
