//! A service's own `World` and `Caller`, to which its tests add what only this service can be asked.
//!
//! They are types of the service's own, so that it can write `world.shop().place(…)`: a foreign type takes no methods.

/// Writes `World`, `Caller` and `on_every_database` for a [`Service`](crate::Service), and a method per role.
#[macro_export]
macro_rules! world {
    ($service:path { $($who:ident: $role:path),+ $(,)? }) => {
        /// The running service and its database.
        pub(crate) struct World($crate::Served);

        /// Whoever speaks to the service.
        pub(crate) struct Caller<'a>($crate::Caller<'a>);

        /// Runs `body` with the service on an empty database of every kind that is there.
        pub(crate) async fn on_every_database<Body, Test>(body: Body)
        where
            Body: Fn(World) -> Test,
            Test: ::std::future::Future<Output = ()>,
        {
            let body = &body;
            let test = async |url: String| body(World($service.start(&url).await)).await;
            $crate::databases::on_every_database(test).await;
        }

        impl World {
            /// The process ends and is started again on the same database.
            pub(crate) async fn restart(self) -> Self {
                Self(self.0.restart().await)
            }

            /// Whoever has the key of this role.
            pub(crate) fn caller(&self, role: ::chassis::auth::Role) -> Caller<'_> {
                Caller(self.0.caller(role))
            }

            $(pub(crate) fn $who(&self) -> Caller<'_> {
                self.caller($role)
            })+
        }

        impl ::std::ops::Deref for World {
            type Target = $crate::Served;

            fn deref(&self) -> &Self::Target {
                &self.0
            }
        }

        impl<'a> ::std::ops::Deref for Caller<'a> {
            type Target = $crate::Caller<'a>;

            fn deref(&self) -> &Self::Target {
                &self.0
            }
        }
    };
}
